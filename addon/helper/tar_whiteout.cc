// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_whiteout.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <string>

#include "addon/helper/tar_path.h"
#include "addon/helper/tar_subject.h"
#include "addon/sys/unique_fd.h"

namespace sampan {
namespace {

constexpr std::string_view kPrefix = ".wh.";
constexpr std::string_view kMetaPrefix = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

}  // namespace

Whiteout parse_whiteout(std::string_view path) {
  const std::string_view name = name_of(path);
  if (name == kOpaque) return {WhiteoutKind::opaque, {}};
  while (!path.empty()) {
    if (take_component(path).starts_with(kMetaPrefix)) return {WhiteoutKind::ignored, {}};
  }
  if (name.starts_with(kPrefix)) return {WhiteoutKind::hide_name, name.substr(kPrefix.size())};
  return {};
}

bool is_overlay_whiteout(const struct stat &status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
}

Status make_whiteout(int parent, const char *name) {
  if (mknodat(parent, name, S_IFCHR, makedev(0, 0)) == 0) return {};
  return last_error("mknodat");
}

Status mark_opaque(int directory) {
  if (fsetxattr(directory, "user.overlay.opaque", "y", 1, 0) == 0) return {};
  return last_error("fsetxattr");
}

Status mark_opaque(int parent, const char *name) {
  const unique_fd directory(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return last_error("openat", clip_path(name));
  return mark_opaque(directory.get());
}

}  // namespace sampan
