// SPDX-License-Identifier: Apache-2.0
// mount_bind: a host file or directory inside the root.
#include <fcntl.h>
#include <sys/stat.h>

#include "addon/helper/mount_tree.h"
#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"

namespace sampan {

namespace {

enum BindFlags : uint32_t { kBindRecursive = 1, kBindCreateTarget = 2, kBindOptional = 4 };

Result<unique_fd> reach_target(int root, const char *target, int source, uint32_t flags) {
  if ((flags & kBindCreateTarget) == 0) return reach_in_root(root, target, Missing::fail, 0);
  struct stat info {};
  if (::fstat(source, &info) != 0) return last_error("fstat", target);
  constexpr mode_t kDirectoryMode = 0755;
  constexpr mode_t kFileMode = 0644;
  if (S_ISDIR(info.st_mode)) return reach_in_root(root, target, Missing::make_directory, kDirectoryMode);
  return reach_in_root(root, target, Missing::make_file, kFileMode);
}

}  // namespace

// The copy is taken by descriptor and put on a descriptor: neither end is looked up twice.
// #syscalls: open_tree fstat openat2 openat mkdirat mount_setattr move_mount mount
Status op_mount_bind(InitContext &context, const mount_bind_args &args) {
  if (args.source == nullptr || args.target == nullptr) return Error{EINVAL, "open_tree", "no source"};
  auto tree = clone_tree(AT_FDCWD, args.source, (args.flags & kBindRecursive) != 0);
  if (!tree) {
    if (tree.error().number == ENOENT && (args.flags & kBindOptional) != 0) return {};
    return tree.error();
  }
  auto target = reach_target(context.root.get(), args.target, tree.value().get(), args.flags);
  if (!target) return target.error();
  auto attached = attach_with_attributes(tree.value().get(), target.value().get(), args.attrs, args.target);
  if (!attached) return attached;
  return set_propagation(tree.value().get(), args.propagation, args.target);
}

}  // namespace sampan
