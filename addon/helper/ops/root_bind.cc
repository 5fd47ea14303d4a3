// SPDX-License-Identifier: Apache-2.0
// root_bind: the root under construction is a directory of the host.
#include <fcntl.h>

#include "addon/helper/mount_tree.h"
#include "addon/helper/ops/ops.h"

namespace sampan {

// Recursive, because a mount that a more privileged namespace has put below source may not be uncovered
// (mount_namespaces(7): a copy without it is refused with EINVAL).
// #syscalls: open_tree move_mount open
Status op_root_bind(InitContext &context, const root_bind_args &args) {
  if (args.source == nullptr || args.rootfs == nullptr) return Error{EINVAL, "open_tree", "no source"};
  const unique_fd target(::open(args.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!target) return last_error("open", args.rootfs);
  auto tree = clone_tree(AT_FDCWD, args.source, true);
  if (!tree) return tree.error();
  if (auto attached = attach_tree(tree.value().get(), target.get(), args.rootfs); !attached) return attached;
  context.root = tree.take();
  return {};
}

}  // namespace sampan
