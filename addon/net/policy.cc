// SPDX-License-Identifier: Apache-2.0
#include "addon/net/policy.h"

#include <algorithm>

namespace sampan::net {

namespace {

constexpr uint8_t kLoopbackV4[4] = {127, 0, 0, 1};
constexpr uint8_t kLoopbackV6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

// Addresses of the other family inside an IPv6 address must not slip past the rules for that family.
bool is_special_v6(const IpAddress &address) {
  constexpr uint8_t kZero[16] = {};
  // ::/96: unspecified, loopback, IPv4-compatible
  return std::equal(kZero, kZero + 12, address.bytes);
}

Verdict judge_special(const IpAddress &address) {
  if (!address.is_v4()) {
    if (address.bytes[0] == 0xFF) return Verdict::dropped;  // multicast
    // fe80::/10 has no meaning without an interface.
    if (address.bytes[0] == 0xFE && (address.bytes[1] & 0xC0U) == 0x80) return Verdict::dropped;
    return is_special_v6(address) ? Verdict::refused : Verdict::allowed;
  }
  const uint8_t first = address.v4()[0];
  constexpr uint8_t kFirstMulticast = 224;
  if (first >= kFirstMulticast) return Verdict::dropped;  // and 240/4, broadcast
  return first == 0 || first == kLoopbackV4[0] ? Verdict::refused : Verdict::allowed;
}

bool is_open_host_port(const Policy &policy, uint16_t port) {
  const std::span<const PortRange> open(policy.host_ports, policy.host_port_count);
  return std::ranges::any_of(open,
                             [port](const PortRange &range) { return range.first <= port && port <= range.last; });
}

}  // namespace

Route find_route(const Policy &policy, std::span<const IpPrefix> own, const IpAddress &destination, uint16_t port) {
  if (!destination.is_unspecified() && (destination == policy.host_alias_v4 || destination == policy.host_alias_v6)) {
    if (!is_open_host_port(policy, port)) return {Verdict::refused, {}};
    return {Verdict::allowed, destination.is_v4() ? IpAddress::from_v4(kLoopbackV4) : IpAddress::from_v6(kLoopbackV6)};
  }
  const Verdict special = judge_special(destination);
  if (special != Verdict::allowed) return {special, {}};
  const auto contains = [&destination](const IpPrefix &prefix) { return prefix.contains(destination); };
  if (std::ranges::any_of(policy.denied, contains) || std::ranges::any_of(own, contains))
    return {Verdict::prohibited, {}};
  return {Verdict::allowed, destination};
}

IpAddress seen_address(const Policy &policy, const IpAddress &host_address) {
  if (host_address == IpAddress::from_v4(kLoopbackV4)) return policy.host_alias_v4;
  if (host_address == IpAddress::from_v6(kLoopbackV6)) return policy.host_alias_v6;
  return host_address;
}

}  // namespace sampan::net
