// SPDX-License-Identifier: Apache-2.0
// What a directory tree takes on disk, itself included, counted like du(1): blocks, and each hard link once.
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

struct TreeUsage {
  uint64_t bytes = 0;
  uint64_t inodes = 0;
};

uint64_t disk_bytes(const struct stat &status);

// Stays on one mount. Errors have the path below `top` as their subject.
Result<TreeUsage> measure_tree(unique_fd top);

}  // namespace sampan
