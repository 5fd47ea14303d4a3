// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_tally.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

namespace sampan {
namespace {

constexpr long kXfsMagic = 0x58465342;  // not in linux/magic.h
constexpr size_t kMaxWaitingBytes = size_t{1024} * 1024;

// So much a file has without an index block (ext3: 12 direct blocks), and without room that is reserved for it to grow
// (XFS: from 64 KiB on). Both change when the file is written back.
constexpr uint64_t kSmallFile = uint64_t{48} * 1024;

// The size up to which st_blocks is final before a sync. Others compress, or count later.
uint64_t final_size_of(long type) {
  switch (type) {
    case TMPFS_MAGIC:
      return UINT64_MAX;
    case EXT4_SUPER_MAGIC:
    case kXfsMagic:
      return kSmallFile;
    default:
      return 0;
  }
}

bool same_time(const struct timespec &a, const struct timespec &b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

void TarTally::start_counting(int root) {
  struct statfs system = {};
  struct stat status = {};
  if (fstatfs(root, &system) < 0 || fstat(root, &status) < 0) return;
  final_size_ = final_size_of(system.f_type);
  counting_ = final_size_ > 0;
  directory(status, std::nullopt);
}

void TarTally::count(const struct stat &status) {
  usage_.bytes += disk_bytes(status);
  ++usage_.inodes;
}

void TarTally::made(const struct stat &status, std::string_view path) {
  if (!counting_) return;
  if (!S_ISREG(status.st_mode) || static_cast<uint64_t>(status.st_size) <= final_size_) return count(status);
  waiting_.append(path).push_back('\0');
  if (waiting_.size() > kMaxWaitingBytes) forget();
}

void TarTally::count_growth(Directory &directory, const struct stat &status) {
  // Unsigned numbers wrap: a directory may shrink, too.
  usage_.bytes += disk_bytes(status) - directory.counted;
  directory.counted = disk_bytes(status);
}

void TarTally::directory(const struct stat &status, std::optional<struct timespec> mtime) {
  const auto [at, is_new] = directories_.try_emplace(inode_of(status));
  if (is_new) ++usage_.inodes;
  at->second.mtime = mtime;
  count_growth(at->second, status);
}

Status TarTally::settle(int directory) {
  struct stat status = {};
  if (fstat(directory, &status) < 0) return last_error("fstat");
  const auto found = directories_.find(inode_of(status));
  // Somebody else's.
  if (found == directories_.end()) return {};
  count_growth(found->second, status);
  const auto &mtime = found->second.mtime;
  if (!mtime || same_time(*mtime, status.st_mtim)) return {};
  const struct timespec times[] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, *mtime};
  // utimensat(2): futimens(3) refuses O_PATH; an empty path does not, since Linux 5.8.
  if (utimensat(directory, "", times, AT_EMPTY_PATH) < 0) return last_error("utimensat");
  return {};
}

}  // namespace sampan
