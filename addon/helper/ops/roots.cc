// SPDX-License-Identifier: Apache-2.0
// root_directory and root_uncovered: trees that are there already, as the root of later operations. stat_path: what is
// in them.
#include <fcntl.h>
#include <sys/stat.h>

#include "addon/helper/mount_tree.h"
#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"

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

// #syscalls: openat2 fstat
Status op_stat_path(InitContext &context, const stat_path_args &args) {
  constexpr uint32_t kFollow = 1;
  const char *path = args.path == nullptr ? "/" : args.path;
  const int flags = (args.flags & kFollow) != 0 ? O_PATH : O_PATH | O_NOFOLLOW;
  const auto found = open_in_root(context.root.get(), path, flags);
  if (!found) return found.error();
  struct stat status = {};
  if (fstat(found.value().get(), &status) < 0) return last_error("fstat", path);
  context.add_result("mode", status.st_mode);
  context.add_result("size", static_cast<uint64_t>(status.st_size));
  return {};
}

}  // namespace sampan
