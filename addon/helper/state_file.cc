// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/state_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <string>

#include "addon/sys/file.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

Status replace_file(int directory, const char *name, std::string_view content) {
  // One name, because each of these files has one writer.
  const std::string temporary = std::string(".") + name + ".monitor.tmp";
  const unique_fd file(
      openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return last_error("openat", temporary);
  Status written = sys::write_all(file.get(), content, name);
  if (written && renameat(directory, temporary.c_str(), directory, name) < 0) written = last_error("renameat", name);
  if (!written) unlinkat(directory, temporary.c_str(), 0);
  return written;
}

}  // namespace sampan
