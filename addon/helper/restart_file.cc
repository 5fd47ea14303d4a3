// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/restart_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "addon/helper/state_file.h"
#include "addon/sys/file.h"
#include "addon/sys/unique_fd.h"

namespace sampan {
namespace {

// Somebody else's file: a link is not followed, a fifo not waited for.
unique_fd open_regular(const RestartFile &file) {
  unique_fd opened(openat(file.directory, file.name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat found {};
  if (opened && (fstat(opened.get(), &found) < 0 || !S_ISREG(found.st_mode))) opened.reset();
  return opened;
}

Status replace(const RestartFile &file, const std::string &content) {
  const Status replaced = replace_file(file.directory, file.name, content);
  if (!replaced) return replaced;
  // every user inside reads it
  if (fchmodat(file.directory, file.name, 0644, 0) < 0) return last_error("fchmodat", file.name);
  return {};
}

}  // namespace

Status reset_file(const RestartFile &file) {
  constexpr size_t kLargest = 64 * 1024 * 1024;
  const Result<std::string> content = sys::read_file(file.directory, file.from, kLargest);
  if (!content) return content.error();
  const unique_fd opened = open_regular(file);
  if (!opened) return replace(file, content.value());
  const Status written = sys::write_all(opened.get(), content.value(), file.name);
  if (!written) return written;
  if (ftruncate(opened.get(), static_cast<off_t>(content.value().size())) < 0)
    return last_error("ftruncate", file.name);
  return {};
}

}  // namespace sampan
