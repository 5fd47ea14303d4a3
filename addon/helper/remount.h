// SPDX-License-Identifier: Apache-2.0
// Attributes of attached mounts without mount_setattr(2), for Linux 5.11 and system call filters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "addon/sys/result.h"

namespace sampan {

// One mount(2) MS_REMOUNT|MS_BIND, which keeps the flags the mount has: dropping one that a more privileged namespace
// has set is refused by the kernel.
Status remount_one(int mount, uint64_t attributes, const char *subject);

// The same for a mount and everything mounted below it. Fails when one of them cannot be changed.
Status remount_tree(int mount, uint64_t attributes, const char *subject);

// Mount points at or below `top`, unescaped, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)).
std::vector<std::string> mount_points_below(std::string_view mountinfo, std::string_view top);

}  // namespace sampan
