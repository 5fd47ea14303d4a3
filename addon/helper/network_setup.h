// SPDX-License-Identifier: Apache-2.0
// What is done inside the namespaces of networks and containers, by the process that has rights over them
// (network_agent.h): bridges, veths, addresses, routes, rules, tuns and sockets.
#pragma once

#include <vector>

#include "addon/helper/netd_description.h"
#include "addon/net/dns_server.h"
#include "addon/net/tun.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// In every network's namespace.
inline constexpr const char *kBridge = "br0";

struct MadeNetwork {
  unique_fd network_namespace;
  net::Tun tun;  // none in an internal network
  net::DnsSockets dns;
};

// `adopted`: a namespace that an earlier netd made for this network, where only the tun and the sockets are missing.
Result<MadeNetwork> make_network(const NetworkDescription &description, unique_fd adopted);

// The container's end is named, addressed, up and routed when this returns; on failure nothing of it stays.
Status plug_in(const EndpointDescription &endpoint, int network_namespace, int container_namespace);
// Takes the interface out of a container that lives on. A missing one is fine.
Status unplug(const EndpointDescription &endpoint, int container_namespace);
// The interface in the namespace of a container that has ended: who shares it must not go on with its addresses. It is
// not removed, because that takes the kernel fifteen times as long, and mostly the namespace goes anyway.
Status cut_off(const EndpointDescription &endpoint, int container_namespace);
// The interface of a container that lives on becomes its way out.
Status route(const EndpointDescription &endpoint, int container_namespace);

// Rules that lead the answers of published ports to the sockets that stand for their clients.
Status steer_answers(const EndpointDescription &endpoint, int network_namespace);
void unsteer_answers(const EndpointDescription &endpoint, int network_namespace);
// Rules that lead what containers send to the sockets that stand for the other ends of handed-over connections
// (addon/net/tcp_handover.h). Once for a family; again is fine.
Status steer_handed_over(int family, int network_namespace);

// Whether datagrams of all containers that are plugged in now reach the tun joined (network_join.cc).
Status join_datagrams(int network_namespace, bool on);

}  // namespace sampan
