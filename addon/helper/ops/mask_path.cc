// SPDX-License-Identifier: Apache-2.0
// mask_path: hides what the kernel would tell a container.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "addon/helper/mount_tree.h"
#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"

namespace sampan {

namespace {

constexpr uint64_t kMaskAttributes =
    sys::kMountAttrRdonly | sys::kMountAttrNosuid | sys::kMountAttrNodev | sys::kMountAttrNoexec;

// One empty tmpfs serves all masked directories; later ones are copies of the first one's mount.
Status mask_directory(InitContext &context, int target, const char *path) {
  if (context.mask_directory) {
    auto copy = clone_tree(context.mask_directory.get(), "", false);
    if (!copy) return copy.error();
    return attach_tree(copy.value().get(), target, path);
  }
  auto tmpfs = FileSystem::open("tmpfs");
  if (!tmpfs) return tmpfs.error();
  if (auto set = tmpfs.value().set("source", "tmpfs"); !set) return set;
  if (auto set = tmpfs.value().set("mode", "0555"); !set) return set;
  auto tree = tmpfs.value().mount(kMaskAttributes);
  if (!tree) return tree.error();
  if (auto attached = attach_tree(tree.value().get(), target, path); !attached) return attached;
  context.mask_directory = tree.take();
  return {};
}

// A mask that is not the null device would be a hole: what the image or a volume put there is not believed.
Result<unique_fd> open_null_device(int root) {
  constexpr const char *kPath = "/dev/null";
  auto null = open_in_root(root, kPath, O_PATH);
  if (!null) return null;
  struct stat info {};
  if (::fstat(null.value().get(), &info) != 0) return last_error("fstat", kPath);
  const dev_t null_device = makedev(1, 3);
  if (!S_ISCHR(info.st_mode) || info.st_rdev != null_device) return Error{ENODEV, "fstat", kPath};
  return null;
}

Status mask_file(int root, int target, const char *path) {
  auto null = open_null_device(root);
  if (!null) return null.error();
  auto tree = clone_tree(null.value().get(), "", false);
  if (!tree) return tree.error();
  return attach_tree(tree.value().get(), target, path);
}

}  // namespace

// #syscalls: openat2 fstat open_tree fsopen fsconfig fsmount move_mount
Status op_mask_path(InitContext &context, const mask_path_args &args) {
  if (args.path == nullptr) return Error{EINVAL, "mask", "no path"};
  auto target = open_in_root(context.root.get(), args.path, O_PATH);
  if (!target) {
    const int number = target.error().number;
    return number == ENOENT || number == ENOTDIR ? Status() : Status(target.error());
  }
  struct stat info {};
  if (::fstat(target.value().get(), &info) != 0) return last_error("fstat", args.path);
  if (S_ISDIR(info.st_mode)) return mask_directory(context, target.value().get(), args.path);
  return mask_file(context.root.get(), target.value().get(), args.path);
}

}  // namespace sampan
