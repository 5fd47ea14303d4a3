// SPDX-License-Identifier: Apache-2.0
// pivot_root: the root under construction becomes "/", and nothing of the host stays reachable.
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "addon/helper/ops/ops.h"
#include "addon/sys/mount.h"

namespace sampan {

// pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one, where it is detached.
// #syscalls: open fchdir pivot_root mount umount2 chdir
Status op_pivot_root(InitContext &context, const pivot_root_args &) {
  if (!context.root) return Error{EINVAL, "pivot_root", "no root yet"};
  const unique_fd old_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!old_root) return last_error("open", "/");
  if (::fchdir(context.root.get()) != 0) return last_error("fchdir", "root");
  if (sys::pivot_root(".", ".") != 0) return last_error("pivot_root", "root");
  if (::fchdir(old_root.get()) != 0) return last_error("fchdir", "old root");
  // Else the umount would be propagated to where the old root came from.
  if (::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) return last_error("mount(slave)", "old root");
  if (::umount2(".", MNT_DETACH) != 0) return last_error("umount2", "old root");
  if (::chdir("/") != 0) return last_error("chdir", "/");
  context.root.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return context.root ? Status() : Status(last_error("open", "/"));
}

}  // namespace sampan
