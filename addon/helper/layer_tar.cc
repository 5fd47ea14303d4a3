// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/layer_tar.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "addon/helper/tar_path.h"
#include "addon/helper/tar_subject.h"
#include "addon/sys/file.h"

namespace sampan {
namespace {

constexpr std::string_view kPrefix = ".wh.";
constexpr const char *kOpaque = "/.wh..wh..opq";
constexpr size_t kListBuffer = size_t{64} * 1024;

// A layer has no other way to say a name that begins so: every reader would take it for a deletion.
Status check_name(std::string_view path) {
  if (!name_of(path).starts_with(kPrefix)) return {};
  return Error{EILSEQ, "pack", clip_path(path), "a layer cannot hold a file whose name begins with .wh."};
}

}  // namespace

Status LayerTar::file(int directory, const char *name, const std::string &path, ChangeKind kind) {
  if (auto checked = check_name(path); !checked) return checked;
  struct stat status = {};
  const bool is_socket = fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(status.st_mode);
  // A socket itself is left out; what it stands on must not come back.
  if (is_socket && kind == ChangeKind::changed) return deleted(path);
  return nodes_.write(directory, name, path);
}

Status LayerTar::directory(int fd, const std::string &path, ChangeKind) {
  if (auto checked = check_name(path); !checked) return checked;
  return nodes_.write_directory(fd, path);
}

Status LayerTar::deleted(const std::string &path) {
  if (!opaque_.empty() && path.starts_with(opaque_)) return {};
  const std::string_view name = name_of(path);
  return nodes_.write_marker(path.substr(0, path.size() - name.size()).append(kPrefix).append(name));
}

Status LayerTar::opaque(const std::string &path) {
  opaque_ = path + "/";
  return nodes_.write_marker(path + kOpaque);
}

Status ChangeList::add(const std::string &path, ChangeKind kind) {
  ++count_;
  text_.append(1, static_cast<char>(kind)).append("/").append(path).append(1, '\0');
  return text_.size() < kListBuffer ? Status() : finish();
}

Status ChangeList::finish() {
  auto written = sys::write_all(output_, text_, "the list");
  text_.clear();
  return written;
}

}  // namespace sampan
