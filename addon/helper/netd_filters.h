// SPDX-License-Identifier: Apache-2.0
// The system calls of netd's two processes, each with its reason. Whoever adds one to the packet path adds its row.
#pragma once

#include <sys/types.h>

#include "addon/sys/result.h"

namespace sampan {

// For the process that reads packets. `self`: it may end itself by a signal, and nobody else.
Status filter_packet_process(pid_t self);
// For the one that has rights over the networks (network_agent.h).
Status filter_network_agent(pid_t self);

}  // namespace sampan
