// SPDX-License-Identifier: Apache-2.0
// What a lease says of a container and its networks. Decided in TypeScript (lib/network/description.ts writes it); netd
// makes it true, and a monitor keeps the text for the next netd.
//
// How this works: lines of words. The first line names the container; a `network` line begins a network, an `endpoint`
// line the container's interface in it; lines after them belong to the last one begun.
//
//   container <id>
//   hostname <name>                          what the container is called in every network of its own
//   resolver <address>                       DNS server to ask for this container instead of the host's
//   network <id> <mtu> <internal: 0|1>
//   called <name>                            of the network: its containers are NAME.<name> as well
//   ipv6names <0|1>                          whether names are answered with IPv6 addresses, too
//   gateway <address>/<prefix length>        one per family: address of the bridge, and the network
//   alias <address>                          one per family: what stands for the host
//   open <first port>-<last port>            of the host's loopback
//   endpoint <interface> <mac> <default route: 0|1>
//   address <address>/<prefix length>        one per family
//   name <name>                              what others in this network call the container
//   publish <tcp|udp> <address>[,<address>] <first port>-<last port> <port>[-<last port>]
//                                            a port of the container, reached at the first port of the host that is
//                                            free at all these addresses; 0-0: any. Several ports: as many of the host,
//                                            one for each, or any
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "addon/net/ip_address.h"
#include "addon/net/policy.h"
#include "addon/sys/netlink.h"
#include "addon/sys/result.h"

namespace sampan {

struct NetworkDescription {
  std::string id;
  std::string name;
  uint32_t mtu = 0;
  bool internal = false;
  bool ipv6_names = false;
  std::vector<sys::InterfaceAddress> gateways;
  std::vector<net::IpAddress> host_aliases;
  std::vector<net::PortRange> open_ports;
};

struct PublishDescription {
  bool is_udp = false;
  std::vector<net::IpAddress> host_addresses;
  net::PortRange host_ports;
  uint16_t container_port = 0;
};

struct EndpointDescription {
  NetworkDescription network;
  std::string interface_name;
  sys::MacAddress mac;
  bool default_route = false;
  std::vector<sys::InterfaceAddress> addresses;
  std::vector<std::string> names;
  std::vector<PublishDescription> published;
};

struct ContainerDescription {
  std::string id;
  std::vector<std::string> hostnames;
  std::vector<net::IpAddress> resolvers;
  std::vector<EndpointDescription> endpoints;
};

// EINVAL with the line that could not be read.
Result<ContainerDescription> parse_description(std::string_view text);
// The same text again, with the endpoints that there are now.
std::string format_description(const ContainerDescription &container);

// The lines of a description that tell where ports are published.
std::string published_lines(std::string_view description);

net::IpAddress to_ip_address(const sys::InterfaceAddress &address);
net::IpPrefix to_ip_prefix(const sys::InterfaceAddress &address);

}  // namespace sampan
