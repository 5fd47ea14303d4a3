// SPDX-License-Identifier: Apache-2.0
// tree_usage: what a directory tree takes on disk.
#include "addon/helper/tree_usage.h"

#include <fcntl.h>

#include <string>

#include "addon/helper/ops/ops.h"

namespace sampan {

// #syscalls: openat openat2 fstat newfstatat getdents64
Status op_tree_usage(InitContext &context, const tree_usage_args &args) {
  const std::string path = args.source == nullptr ? "" : args.source;
  const std::string key = args.key == nullptr ? "" : args.key;
  unique_fd top(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Removed since it was listed.
  if (!top && errno == ENOENT && args.key != nullptr) return {};
  if (!top) return last_error("open", path);
  const Result<TreeUsage> usage = measure_tree(std::move(top));
  if (!usage) {
    Error error = usage.error();
    error.subject = path + "/" + error.subject;
    return error;
  }
  context.add_result("bytes" + key, usage.value().bytes);
  context.add_result("inodes" + key, usage.value().inodes);
  return {};
}

}  // namespace sampan
