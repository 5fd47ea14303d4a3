// SPDX-License-Identifier: Apache-2.0
// root_overlay and mount_overlay: the same mount at two kinds of places.
#include <fcntl.h>

#include "addon/helper/ops/ops.h"
#include "addon/helper/overlay.h"
#include "addon/helper/root_path.h"

namespace sampan {

namespace {

template <typename Args>
OverlayRequest request_of(const Args &args) {
  return {.lower = args.lower, .upper = args.upper, .work = args.work, .flags = args.flags};
}

}  // namespace

// #syscalls: open fsopen fsconfig fsmount move_mount mount
Status op_root_overlay(InitContext &context, const root_overlay_args &args) {
  if (args.rootfs == nullptr || args.lower.empty()) return Error{EINVAL, "overlay", "no layers"};
  const unique_fd target(::open(args.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!target) return last_error("open", args.rootfs);
  auto root = mount_overlay_on(target.get(), request_of(args), args.rootfs);
  if (!root) return root.error();
  context.root = root.take();
  return {};
}

// #syscalls: openat2 openat mkdirat fsopen fsconfig fsmount move_mount mount
Status op_mount_overlay(InitContext &context, const mount_overlay_args &args) {
  if (args.target == nullptr || args.lower.empty()) return Error{EINVAL, "overlay", "no layers"};
  constexpr mode_t kMode = 0755;
  auto target = reach_in_root(context.root.get(), args.target, Missing::make_directory, kMode);
  if (!target) return target.error();
  const auto mounted = mount_overlay_on(target.value().get(), request_of(args), args.target);
  return mounted ? Status() : Status(mounted.error());
}

}  // namespace sampan
