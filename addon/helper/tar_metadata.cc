// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_metadata.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace sampan {
namespace {

constexpr mode_t kModeBits = 07777;

// chown(2) says EINVAL for an id that the user namespace has no place for; the hint about sub-ids is TypeScript's.
Error owner_error(const TarEntry &entry) {
  return last_error("fchownat", "owner " + std::to_string(entry.uid) + ":" + std::to_string(entry.gid));
}

// Which attributes an image may bring. user.overlay.* and trusted.* would let it forge what overlayfs believes about
// the layer; labels and ACLs belong to the host.
bool is_wanted_xattr(std::string_view name) {
  if (name == "security.capability") return true;
  return name.starts_with("user.") && !name.starts_with("user.overlay.");
}

Status set_xattrs(int fd, const TarEntry &entry, uint64_t &skipped) {
  skipped += entry.xattrs_skipped;
  for (const TarXattr &xattr : entry.xattrs) {
    if (!is_wanted_xattr(xattr.name)) {
      ++skipped;
      continue;
    }
    if (fsetxattr(fd, xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0) == 0) continue;
    if (errno != EOPNOTSUPP) return last_error("fsetxattr", xattr.name);
    ++skipped;
  }
  return {};
}

bool has_owner(const struct stat &status, const TarEntry &entry) {
  return status.st_uid == entry.uid && status.st_gid == entry.gid;
}

// futimens(3) and utimensat(2) take the time of access, too.
struct Times {
  explicit Times(const struct timespec &mtime) : values{{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, mtime} {}
  struct timespec values[2];
};

}  // namespace

Result<struct stat> set_metadata(int fd, const TarEntry &entry, const MetadataOptions &options,
                                 uint64_t &xattrs_skipped) {
  // Mostly it is right already, and looking is cheaper than a journal entry for each. It may be wrong in more ways than
  // one: the setgid bit and default ACLs of a parent directory change what open(2) and mkdir(2) make.
  struct stat status = {};
  if (fstat(fd, &status) < 0) return last_error("fstat");
  if (options.keep_owner && !has_owner(status, entry) && fchown(fd, entry.uid, entry.gid) < 0) {
    return owner_error(entry);
  }
  // chown(2) may have taken setuid and setgid away: from files, but not from directories.
  if ((status.st_mode & kModeBits) != entry.mode || (entry.mode & (S_ISUID | S_ISGID)) != 0) {
    if (fchmod(fd, entry.mode) < 0) return last_error("fchmod");
  }
  if (!entry.xattrs.empty() || entry.xattrs_skipped > 0) {
    Status set = set_xattrs(fd, entry, xattrs_skipped);
    if (!set) return set.error();
    // They may take a block.
    if (fstat(fd, &status) < 0) return last_error("fstat");
  }
  if (futimens(fd, Times(entry.mtime).values) < 0) return last_error("futimens");
  return status;
}

Result<struct stat> set_metadata_at(int parent, const char *name, const TarEntry &entry, const MetadataOptions &options,
                                    uint64_t &xattrs_skipped) {
  xattrs_skipped += entry.xattrs_skipped + entry.xattrs.size();
  struct stat status = {};
  if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return last_error("fstatat");
  if (options.keep_owner && !has_owner(status, entry) &&
      fchownat(parent, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) < 0) {
    return owner_error(entry);
  }
  if (entry.type != TarType::symlink && fchmodat(parent, name, entry.mode, 0) < 0) return last_error("fchmodat");
  if (utimensat(parent, name, Times(entry.mtime).values, AT_SYMLINK_NOFOLLOW) < 0) return last_error("utimensat");
  return status;
}

}  // namespace sampan
