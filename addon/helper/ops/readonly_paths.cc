// SPDX-License-Identifier: Apache-2.0
// readonly_path and remount_root_readonly.
#include <fcntl.h>

#include "addon/helper/mount_tree.h"
#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"

namespace sampan {

// A copy of the tree goes over itself, read-only before it is visible; it keeps its other flags.
// #syscalls: openat2 open_tree mount_setattr move_mount mount
Status op_readonly_path(InitContext &context, const readonly_path_args &args) {
  if (args.path == nullptr) return Error{EINVAL, "open_tree", "no path"};
  auto target = open_in_root(context.root.get(), args.path, O_PATH);
  if (!target) {
    const int number = target.error().number;
    return number == ENOENT || number == ENOTDIR ? Status() : Status(target.error());
  }
  auto tree = clone_tree(target.value().get(), "", true);
  if (!tree) return Error{tree.error().number, tree.error().call, args.path};
  return attach_with_attributes(tree.value().get(), target.value().get(), sys::kMountAttrRdonly, args.path);
}

// #syscalls: mount_setattr mount
Status op_remount_root_readonly(InitContext &context, const remount_root_readonly_args &) {
  return add_attributes(context.root.get(), sys::kMountAttrRdonly, "/");
}

}  // namespace sampan
