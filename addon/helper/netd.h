// SPDX-License-Identifier: Apache-2.0
// The network process: one per data root and id map, for all their containers on networks of their own.
//
// How this works: whoever needs it connects to the socket `netd` in the runtime directory, and starts one when nobody
// answers. A lock beside the socket, held for life, lets exactly one of several be it. It enters a user namespace with
// the ids that containers have; the containers' own user namespaces are made inside that one, so that interfaces may be
// put into their network namespaces. Each container's monitor keeps a connection: the lease. netd keeps nothing that is
// not in a lease, and when it is killed, the monitors start it again and resume their leases. With nobody connected for
// a while it ends. From the first packet on it has no rights of its own (network_agent.h, netd_confine.h).
#pragma once

#include "addon/helper/settings.h"
#include "addon/protocol/plan.h"

namespace sampan {

inline constexpr char kNetdSocket[] = "netd";
inline constexpr char kNetdLock[] = "netd.lock";

// READY over control once it can be connected to, ERROR with EAGAIN when another one is there already.
int netd_main(const Settings &settings, const Plan &plan, int control);

}  // namespace sampan
