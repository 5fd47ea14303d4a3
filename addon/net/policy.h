// SPDX-License-Identifier: Apache-2.0
// Where a network's containers may go on the host's side. Decided in TypeScript, obeyed here for every new flow: a
// container's root can craft any frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "addon/net/ip_address.h"

namespace sampan::net {

struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0;  // included
};

struct Policy {
  static constexpr size_t kMaxRanges = 32;

  // What containers call to reach the host's loopback (host.docker.internal); unspecified: no such name. The addresses
  // must be routed into the tun, not be one of the namespace's own.
  IpAddress host_alias_v4;
  IpAddress host_alias_v6;
  // Ports of 127.0.0.1 and ::1 that are open to them, TCP and UDP. None: the host's loopback is closed.
  PortRange host_ports[kMaxRanges];
  size_t host_port_count = 0;
  // Networks that are refused (ICMP: administratively prohibited), on top of those that are never passed on. However
  // many there are: one that had no place here would be open.
  std::vector<IpPrefix> denied;
};

// The answer for a destination.
enum class Verdict : uint8_t {
  allowed,
  refused,     // TCP: RST; else port unreachable: as if nobody listened
  prohibited,  // ICMP administratively prohibited
  dropped,     // broadcast, multicast, nonsense: no answer
};

struct Route {
  Verdict verdict = Verdict::dropped;
  IpAddress host_address;  // where the host's socket connects to; differs from the destination for the alias
};

// May `port` of `destination` be reached? Port 0: ICMP echo. `own` are the networks behind the tun.
Route find_route(const Policy &policy, std::span<const IpPrefix> own, const IpAddress &destination, uint16_t port);

// The address under which a container knows the host's address: the way back of find_route.
IpAddress seen_address(const Policy &policy, const IpAddress &host_address);

}  // namespace sampan::net
