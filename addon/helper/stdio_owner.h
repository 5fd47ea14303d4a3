// SPDX-License-Identifier: Apache-2.0
// Pipes given to the init process must belong to the container's root, else nothing inside can open /dev/stdout again.
#pragma once

#include "addon/helper/launch.h"
#include "addon/helper/settings.h"
#include "addon/sys/result.h"

namespace sampan {

// Needed, and possible, only when we are the host's root, whose id is never mapped; a user is the container's root.
Status give_stdio_to_root(const Settings &settings, const InitStdio &stdio);

}  // namespace sampan
