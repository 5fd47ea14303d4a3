// SPDX-License-Identifier: Apache-2.0
// mount_propagation: keeps our mounts to ourselves before the first one is made.
#include <sys/mount.h>

#include "addon/helper/ops/ops.h"

namespace sampan {

// mount_namespaces(7): a slave still sees what the host mounts later; what we mount never reaches the host.
// #syscalls: mount
Status op_mount_propagation(InitContext &, const mount_propagation_args &args) {
  if (args.source == nullptr) return Error{EINVAL, "mount", "no source"};
  if (::mount(nullptr, args.source, nullptr, static_cast<unsigned long>(args.flags), nullptr) != 0) {
    return last_error("mount(propagation)", args.source);
  }
  return {};
}

}  // namespace sampan
