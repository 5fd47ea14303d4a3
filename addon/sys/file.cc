// SPDX-License-Identifier: Apache-2.0
// Loops over read(2) and write(2), and what fstat(2) knows.
#include "addon/sys/file.h"

#include <sys/stat.h>

namespace sampan::sys {

bool same_file(int one, int other) {
  struct stat first = {};
  struct stat second = {};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 && first.st_ino == second.st_ino &&
         first.st_dev == second.st_dev;
}

Status write_all(int fd, std::string_view data, const char *subject) {
  while (!data.empty()) {
    const ssize_t count = ::write(fd, data.data(), data.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return last_error("write", subject);
    }
    data.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Status write_kernel_file(const char *path, std::string_view value) {
  const unique_fd file(::open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return last_error("open", path);
  const ssize_t count = ::write(file.get(), value.data(), value.size());
  if (count < 0) return last_error("write", path);
  if (static_cast<size_t>(count) != value.size()) return Error{EIO, "write", path};
  return {};
}

Result<std::string> read_all(int fd, size_t limit, const char *subject) {
  std::string content;
  char buffer[4096];
  for (;;) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0) {
      if (errno == EINTR) continue;
      return last_error("read", subject);
    }
    if (count == 0) return content;
    if (content.size() + static_cast<size_t>(count) > limit) return Error{EFBIG, "read", subject};
    content.append(buffer, static_cast<size_t>(count));
  }
}

Result<std::string> read_file(int directory, const char *path, size_t limit) {
  // O_NONBLOCK: a fifo in the file's place must not hold us.
  const unique_fd file(::openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return last_error("open", path);
  return read_all(file.get(), limit, path);
}

}  // namespace sampan::sys
