// SPDX-License-Identifier: Apache-2.0
// What /proc says of a process.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "addon/sys/result.h"

namespace sampan::sys {

// proc_pid_stat(5) field 22: clock ticks since boot. With the pid it names a process for as long as the boot lasts.
Result<uint64_t> start_time(pid_t pid);

// Field 9: PF_* of the kernel's include/linux/sched.h, of which these have been the same since Linux 2.6. A zombie
// still has them.
Result<uint64_t> process_flags(pid_t pid);
inline constexpr uint64_t kProcessExiting = 0x4;
inline constexpr uint64_t kProcessForkedButNoExec = 0x40;

}  // namespace sampan::sys
