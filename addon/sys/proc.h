// SPDX-License-Identifier: Apache-2.0
// What /proc says of a process.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "addon/sys/result.h"

namespace sampan::sys {

// proc_pid_stat(5) field 22: clock ticks since boot. With the pid it names a process for as long as the boot lasts.
Result<uint64_t> start_time(pid_t pid);

}  // namespace sampan::sys
