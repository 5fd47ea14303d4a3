// SPDX-License-Identifier: Apache-2.0
// How this works: /proc/self/mountinfo lists the mounts of our namespace by absolute path. Nobody else is in this
// namespace yet, so the paths stay true; a mount hidden beneath another is out of reach for the container as well.
#include "addon/helper/remount.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/statvfs.h>

#include "addon/helper/mount_tree.h"
#include "addon/sys/file.h"

namespace sampan {

namespace {

constexpr size_t kMaxMountinfo = 16 << 20;

unsigned long to_mount_flags(uint64_t attributes) {
  unsigned long flags = 0;
  if ((attributes & sys::kMountAttrRdonly) != 0) flags |= MS_RDONLY;
  if ((attributes & sys::kMountAttrNosuid) != 0) flags |= MS_NOSUID;
  if ((attributes & sys::kMountAttrNodev) != 0) flags |= MS_NODEV;
  if ((attributes & sys::kMountAttrNoexec) != 0) flags |= MS_NOEXEC;
  if ((attributes & sys::kMountAttrNodiratime) != 0) flags |= MS_NODIRATIME;
  if ((attributes & sys::kMountAttrNoatime) != 0) flags |= MS_NOATIME;
  if ((attributes & sys::kMountAttrStrictatime) != 0) flags |= MS_STRICTATIME;
  return flags;
}

// statvfs(3) reports a mount's flags under other names, with the same values as MS_* on Linux except for relatime.
unsigned long present_flags(unsigned long statvfs_flags) {
  unsigned long flags = statvfs_flags & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME);
  if ((statvfs_flags & ST_RELATIME) != 0) flags |= MS_RELATIME;
  if ((statvfs_flags & (ST_NOATIME | ST_RELATIME)) == 0) flags |= MS_STRICTATIME;
  return flags;
}
constexpr bool same(unsigned long a, unsigned long b) { return a == b; }
static_assert(same(ST_RDONLY, MS_RDONLY) && same(ST_NOSUID, MS_NOSUID) && same(ST_NODEV, MS_NODEV));
static_assert(same(ST_NOEXEC, MS_NOEXEC) && same(ST_NOATIME, MS_NOATIME) && same(ST_NODIRATIME, MS_NODIRATIME));

Status remount_path(const char *path, uint64_t attributes, const char *subject) {
  struct statvfs info {};
  if (::statvfs(path, &info) != 0) return last_error("statvfs", subject);
  unsigned long present = present_flags(info.f_flag);
  constexpr unsigned long kAtime = MS_RELATIME | MS_STRICTATIME | MS_NOATIME;
  const unsigned long wanted = to_mount_flags(attributes);
  if ((wanted & kAtime) != 0) present &= ~kAtime;
  const unsigned long flags = MS_REMOUNT | MS_BIND | present | wanted;
  if (::mount(nullptr, path, nullptr, flags, nullptr) != 0) return last_error("mount(remount)", subject);
  return {};
}

// Spaces, tabs, newlines and backslashes are written as three octal digits.
std::string unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

bool is_below(std::string_view path, std::string_view top) {
  if (top == "/" || path == top) return true;
  return path.size() > top.size() && path.substr(0, top.size()) == top && path[top.size()] == '/';
}

}  // namespace

std::vector<std::string> mount_points_below(std::string_view mountinfo, std::string_view top) {
  constexpr int kFieldsBefore = 4;  // id, parent, device, root
  std::vector<std::string> points;
  while (!mountinfo.empty()) {
    const size_t line_end = std::min(mountinfo.find('\n'), mountinfo.size());
    std::string_view line = mountinfo.substr(0, line_end);
    mountinfo.remove_prefix(std::min(line_end + 1, mountinfo.size()));
    for (int field = 0; field < kFieldsBefore; ++field)
      line.remove_prefix(std::min(line.find(' '), line.size() - 1) + 1);
    std::string point = unescape(line.substr(0, line.find(' ')));
    if (is_below(point, top)) points.push_back(std::move(point));
  }
  return points;
}

Status remount_one(int mount, uint64_t attributes, const char *subject) {
  return remount_path(descriptor_path(mount).c_str(), attributes, subject);
}

Status remount_tree(int mount, uint64_t attributes, const char *subject) {
  char top[PATH_MAX];
  const ssize_t size = ::readlink(descriptor_path(mount).c_str(), top, sizeof top);
  if (size < 0) return last_error("readlink", subject);
  if (static_cast<size_t>(size) >= sizeof top) return Error{ENAMETOOLONG, "readlink", subject};
  const auto mountinfo = sys::read_file(AT_FDCWD, "/proc/self/mountinfo", kMaxMountinfo);
  if (!mountinfo) return mountinfo.error();
  const auto points = mount_points_below(mountinfo.value(), {top, static_cast<size_t>(size)});
  // The tree itself is a mount, so something must have been found.
  if (points.empty()) return Error{ENOENT, "mountinfo", subject};
  for (const auto &point : points) {
    if (auto done = remount_path(point.c_str(), attributes, subject); !done) return done;
  }
  return {};
}

}  // namespace sampan
