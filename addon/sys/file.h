// SPDX-License-Identifier: Apache-2.0
// Files: openat2(2) and renameat2(2), and loops that every caller would otherwise write (short writes, bounded reads).
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

namespace sampan::sys {

struct OpenHow {
  uint64_t flags = 0;
  uint64_t mode = 0;
  uint64_t resolve = 0;
};
inline constexpr uint64_t kResolveNoXdev = 0x01;
inline constexpr uint64_t kResolveNoMagiclinks = 0x02;
inline constexpr uint64_t kResolveNoSymlinks = 0x04;
inline constexpr uint64_t kResolveBeneath = 0x08;
inline constexpr uint64_t kResolveInRoot = 0x10;

// openat2(2), Linux 5.6. EAGAIN means that something was renamed meanwhile and the caller may try again.
inline int openat2(int directory, const char *path, const OpenHow &how) {
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

// renameat2(2), Linux 3.15.
inline int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
  return static_cast<int>(::syscall(SYS_renameat2, from_dir, from, to_dir, to, flags));
}
inline constexpr unsigned kRenameNoreplace = 1;
inline constexpr unsigned kRenameExchange = 2;

// Two descriptors of one file or namespace; false when it cannot be told.
bool same_file(int one, int other);

// Writes everything; EINTR and short writes are retried.
Status write_all(int fd, std::string_view data, const char *subject);

// One write(2) to a file of the kernel (/proc, /sys), where a second write would be a second order.
Status write_kernel_file(const char *path, std::string_view value);

// Reads a whole file of at most `limit` bytes; EFBIG when there is more.
Result<std::string> read_all(int fd, size_t limit, const char *subject);
Result<std::string> read_file(int directory, const char *path, size_t limit);

}  // namespace sampan::sys
