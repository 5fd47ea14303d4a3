// SPDX-License-Identifier: Apache-2.0
// root_directory and root_uncovered: trees that are there already, as the root of later operations.
#include <fcntl.h>

#include "addon/helper/mount_tree.h"
#include "addon/helper/ops/ops.h"

namespace sampan {

// #syscalls: openat
Status op_root_directory(InitContext &context, const root_directory_args &args) {
  const char *path = args.source == nullptr ? "" : args.source;
  context.root.reset(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  return context.root ? Status() : Status(last_error("open", path));
}

// A copy of the mount alone: what is mounted on it (volumes, /proc, generated files) is not there, the names below are.
// #syscalls: open_tree
Status op_root_uncovered(InitContext &context, const root_uncovered_args &) {
  auto tree = clone_tree(AT_FDCWD, "/", false);
  if (!tree) return tree.error();
  context.root = tree.take();
  return {};
}

}  // namespace sampan
