// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tree_node.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

#include "addon/sys/unique_fd.h"

namespace sampan {
namespace {

constexpr mode_t kModeBits = 07777;
constexpr mode_t kPermissions = 01777;

// What an unpacker takes over (tar_metadata.cc). A name with "=" cannot be written as a pax record.
bool is_wanted_xattr(std::string_view name, const PackOptions &options) {
  if (name == "security.capability") return !options.other_owner;
  return name.starts_with("user.") && !name.starts_with("user.overlay.") && name.find('=') == std::string_view::npos;
}

// Twice, because the list or the value may have grown since its size was asked for; what is gone by then is left out.
template <typename Read>
bool read_grown(std::string *value, Read read) {
  constexpr int kTries = 8;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const ssize_t wanted = read(nullptr, 0);
    if (wanted < 0) return false;
    value->resize(static_cast<size_t>(wanted));
    if (wanted == 0) return true;
    const ssize_t got = read(value->data(), value->size());
    if (got < 0 && errno == ERANGE) continue;
    if (got < 0) return false;
    value->resize(static_cast<size_t>(got));
    return true;
  }
  return false;
}

// File systems without files of anybody's; statfs(2), linux/magic.h.
bool is_kernel_file_system(int directory) {
  constexpr unsigned long kMagics[] = {0x9fa0 /* proc */,
                                       0x62656572 /* sysfs */,
                                       0x27e0eb /* cgroup */,
                                       0x63677270 /* cgroup2 */,
                                       0x1cd1 /* devpts */,
                                       0x19800202 /* mqueue */,
                                       0x73636673 /* securityfs */};
  struct statfs system = {};
  if (fstatfs(directory, &system) < 0) return true;
  return std::find(std::begin(kMagics), std::end(kMagics), static_cast<unsigned long>(system.f_type)) !=
         std::end(kMagics);
}

Status read_xattrs(int fd, const PackOptions &options, std::vector<TarXattr> *xattrs) {
  std::string names;
  if (!read_grown(&names, [fd](char *at, size_t size) { return flistxattr(fd, at, size); })) {
    return errno == EOPNOTSUPP ? Status() : Status(last_error("flistxattr"));
  }
  for (size_t at = 0; at < names.size();) {
    const char *name = names.data() + at;
    at += strlen(name) + 1;
    if (!is_wanted_xattr(name, options)) continue;
    TarXattr xattr{.name = name, .value = {}};
    const auto read = [fd, name](char *value, size_t size) { return fgetxattr(fd, name, value, size); };
    if (read_grown(&xattr.value, read)) {
      xattrs->push_back(std::move(xattr));
    } else if (errno != ENODATA) {
      return last_error("fgetxattr", name);
    }
  }
  return {};
}

Result<TarFlag> flag_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return TarFlag::file;
    case S_IFDIR:
      return TarFlag::directory;
    case S_IFLNK:
      return TarFlag::symlink;
    case S_IFCHR:
      return TarFlag::character_device;
    case S_IFBLK:
      return TarFlag::block_device;
    case S_IFIFO:
      return TarFlag::fifo;
    default:
      return Error{EINVAL, "pack", "unknown file type"};
  }
}

}  // namespace

Status TreeNodeWriter::write(int directory, const char *name, const std::string &path) {
  struct stat status = {};
  if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
    // Removed since the directory was listed.
    return errno == ENOENT ? Status() : Status(last_error("fstatat"));
  }
  if (S_ISSOCK(status.st_mode)) {
    ++counts_.sockets_skipped;
    return {};
  }
  if (S_ISDIR(status.st_mode)) {
    ++counts_.changed;
    return {};
  }
  if (S_ISREG(status.st_mode)) return write_file(directory, name, path, status);
  const auto flag = flag_of(status.st_mode);
  if (!flag) return flag.error();
  TarMember member = member_of(status, path);
  member.type = flag.value();
  member.device_major = major(status.st_rdev);
  member.device_minor = minor(status.st_rdev);
  if (member.type == TarFlag::symlink) {
    char target[PATH_MAX];
    const ssize_t size = readlinkat(directory, name, target, sizeof target);
    if (size < 0 && (errno == ENOENT || errno == EINVAL)) {
      ++counts_.changed;
      return {};
    }
    if (size < 0) return last_error("readlinkat");
    member.link.assign(target, static_cast<size_t>(size));
  }
  (void)is_written(status, path, &member);
  return write_empty(member);
}

Status TreeNodeWriter::write_file(int directory, const char *name, const std::string &path, const struct stat &listed) {
  TarMember link = member_of(listed, path);
  if (is_written(listed, path, &link)) return write_empty(link);
  // Whatever somebody puts into its place meanwhile: a symlink is not followed, a fifo does not hold us.
  const unique_fd file(openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) return leave_out(listed);
  if (!file) return last_error("openat");
  struct stat status = {};
  if (fstat(file.get(), &status) < 0) return last_error("fstat");
  return S_ISREG(status.st_mode) ? write_open_file(file.get(), path) : leave_out(listed);
}

Status TreeNodeWriter::write_open_file(int file, const std::string &path) {
  struct stat status = {};
  if (fstat(file, &status) < 0) return last_error("fstat");
  TarMember member = member_of(status, path);
  member.size = static_cast<uint64_t>(status.st_size);
  if (auto read = read_xattrs(file, options_, &member.xattrs); !read) return read;
  if (auto begun = tar_.begin(member); !begun) return begun;
  ++counts_.entries;
  return write_content(file, member.size);
}

// No later hard link may refer to it.
Status TreeNodeWriter::leave_out(const struct stat &listed) {
  ++counts_.changed;
  linked_.erase({listed.st_dev, listed.st_ino});
  return {};
}

Status TreeNodeWriter::write_content(int file, uint64_t size) {
  for (uint64_t done = 0; done < size;) {
    size_t room = 0;
    const auto space = tar_.space(&room);
    if (!space) return space.error();
    const ssize_t got = read(file, space.value(), room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error("read");
    if (got == 0) break;
    tar_.data_put(static_cast<size_t>(got));
    done += static_cast<size_t>(got);
    counts_.bytes += static_cast<size_t>(got);
  }
  const auto is_short = tar_.end();
  if (!is_short) return is_short.error();
  if (is_short.value()) ++counts_.changed;
  return {};
}

Status TreeNodeWriter::write_directory(int directory, const std::string &path) {
  struct stat status = {};
  if (fstat(directory, &status) < 0) return last_error("fstat");
  TarMember member = member_of(status, path + "/");
  member.type = TarFlag::directory;
  if (auto read = read_xattrs(directory, options_, &member.xattrs); !read) return read;
  return write_empty(member);
}

Result<bool> TreeNodeWriter::write_mount_point(int directory, const char *name, const std::string &path) {
  if (options_.cross_mounts) {
    const unique_fd mounted(openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!mounted) return last_error("openat");
    if (!is_kernel_file_system(mounted.get())) return true;
  }
  struct stat status = {};
  if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0) return last_error("fstatat");
  ++counts_.mounts_skipped;
  TarMember member = member_of(status, path + "/");
  member.type = TarFlag::directory;
  if (auto written = write_empty(member); !written) return written.error();
  return false;
}

Status TreeNodeWriter::write_marker(const std::string &path) {
  constexpr uint32_t kPrivate = 0600;
  TarMember member;
  member.path = path;
  member.mode = kPrivate;
  return write_empty(member);
}

TarMember TreeNodeWriter::member_of(const struct stat &status, const std::string &path) const {
  TarMember member;
  member.path = path;
  member.mode = status.st_mode & (options_.other_owner ? kPermissions : kModeBits);
  if (!options_.root_owned) {
    member.uid = status.st_uid;
    member.gid = status.st_gid;
  }
  member.mtime = status.st_mtim;
  if (!options_.nanoseconds) member.mtime.tv_nsec = 0;
  return member;
}

Status TreeNodeWriter::write_empty(const TarMember &member) {
  if (auto begun = tar_.begin(member); !begun) return begun;
  ++counts_.entries;
  const auto ended = tar_.end();
  return ended ? Status() : Status(ended.error());
}

bool TreeNodeWriter::is_written(const struct stat &status, const std::string &path, TarMember *member) {
  if (status.st_nlink < 2) return false;
  const auto [known, is_new] = linked_.try_emplace({status.st_dev, status.st_ino}, path);
  if (is_new) return false;
  member->type = TarFlag::hard_link;
  member->link = known->second;
  return true;
}

}  // namespace sampan
