// SPDX-License-Identifier: Apache-2.0
// TarUnpacker: what layers have and other archives do not: names that hide those of layers below, and devices, which
// nobody without root can make.
#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

#include "addon/helper/tar_path.h"
#include "addon/helper/tar_unpack.h"
#include "addon/helper/tar_whiteout.h"

namespace sampan {
namespace {

constexpr size_t kMaxSkippedDevices = 4096;

}  // namespace

Status TarUnpacker::skip_device(std::string path) {
  ++counts_.devices_skipped;
  if (skipped_devices_.size() < kMaxSkippedDevices) skipped_devices_.insert(std::move(path));
  return {};
}

Status TarUnpacker::hide_name(const std::string &path, std::string_view hidden) {
  if (hidden.empty() || hidden == "." || hidden == "..") return Error{EINVAL, "unpack", "a whiteout without a name"};
  const Result<int> parent = root_.make_directory(parent_of(path));
  if (!parent) return parent.error();
  const std::string name(hidden);
  Status made = make_whiteout(parent.value(), name.c_str());
  if (!made && made.error().number != EEXIST) return made;
  struct stat status = {};
  if (fstatat(parent.value(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return last_error("fstatat");
  if (made) {
    ++counts_.inodes;
    tally_.made(status, path);
    return {};
  }
  if (!S_ISDIR(status.st_mode)) return {};
  // The attribute may take a block.
  tally_.forget();
  return mark_opaque(parent.value(), name.c_str());
}

Status TarUnpacker::hide_lower_content(const std::string &path) {
  const std::string_view directory = parent_of(path);
  const Result<int> made = root_.make_directory(directory);
  if (!made) return made.error();
  return mark_opaque(made.value(), ".");
}

}  // namespace sampan
