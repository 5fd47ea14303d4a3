// SPDX-License-Identifier: Apache-2.0
// What netd gives away before it reads the first packet. docs/decisions tell which attacker each step is for.
#pragma once

#include "addon/sys/result.h"

namespace sampan {

// For the process that reads packets: a user namespace below that of the networks, so that it has no rights over them,
// an empty root that cannot be written to, no capabilities, no file larger than nothing, and the filter. Descriptors
// that lead to directories must be closed before.
Status confine_packet_process();

// For the process that makes networks: the three capabilities for that in its own user namespace, and the filter.
Status confine_network_agent();

}  // namespace sampan
