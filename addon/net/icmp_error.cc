// SPDX-License-Identifier: Apache-2.0
#include "addon/net/icmp_error.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "addon/net/bytes.h"
#include "addon/net/checksum.h"

namespace sampan::net {

namespace {

constexpr size_t kIcmpHeaderSize = 8;
// RFC 1812 4.3.2.3 and RFC 4443 2.4(c): as much of the packet as fits into the smallest MTU.
constexpr size_t kMaxQuoteV4 = 576 - 20 - kIcmpHeaderSize;
constexpr size_t kMaxQuoteV6 = 1280 - 40 - kIcmpHeaderSize;

struct WireError {
  uint8_t type;
  uint8_t code;
};

WireError wire_v4(IcmpReason reason) {
  switch (reason) {
    case IcmpReason::no_route:
      return {ICMP_DEST_UNREACH, ICMP_NET_UNREACH};
    case IcmpReason::unknown_network:
      return {ICMP_DEST_UNREACH, ICMP_NET_UNKNOWN};
    case IcmpReason::prohibited:
      return {ICMP_DEST_UNREACH, ICMP_PKT_FILTERED};
    case IcmpReason::host_unreachable:
      return {ICMP_DEST_UNREACH, ICMP_HOST_UNREACH};
    case IcmpReason::port_unreachable:
      return {ICMP_DEST_UNREACH, ICMP_PORT_UNREACH};
    case IcmpReason::protocol_unreachable:
      return {ICMP_DEST_UNREACH, ICMP_PROT_UNREACH};
    case IcmpReason::time_exceeded:
      return {ICMP_TIME_EXCEEDED, ICMP_EXC_TTL};
    case IcmpReason::too_big:
      return {ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED};
  }
  __builtin_unreachable();
}

WireError wire_v6(IcmpReason reason) {
  switch (reason) {
    case IcmpReason::no_route:
    case IcmpReason::unknown_network:
      return {ICMPV6_DEST_UNREACH, ICMPV6_NOROUTE};
    case IcmpReason::prohibited:
      return {ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED};
    case IcmpReason::host_unreachable:
      return {ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH};
    case IcmpReason::port_unreachable:
      return {ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH};
    case IcmpReason::protocol_unreachable:
      return {ICMPV6_PARAMPROB, ICMPV6_UNK_NEXTHDR};
    case IcmpReason::time_exceeded:
      return {ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT};
    case IcmpReason::too_big:
      return {ICMPV6_PKT_TOOBIG, 0};
  }
  __builtin_unreachable();
}

IcmpReason reason_of_v4(uint8_t type, uint8_t code) {
  if (type == ICMP_TIME_EXCEEDED) return IcmpReason::time_exceeded;
  if (type != ICMP_DEST_UNREACH) return IcmpReason::host_unreachable;
  for (const IcmpReason reason : {IcmpReason::no_route, IcmpReason::prohibited, IcmpReason::port_unreachable,
                                  IcmpReason::protocol_unreachable, IcmpReason::too_big}) {
    if (wire_v4(reason).code == code) return reason;
  }
  return code == ICMP_NET_ANO || code == ICMP_HOST_ANO ? IcmpReason::prohibited : IcmpReason::host_unreachable;
}

IcmpReason reason_of_v6(uint8_t type, uint8_t code) {
  if (type == ICMPV6_TIME_EXCEED) return IcmpReason::time_exceeded;
  if (type == ICMPV6_PKT_TOOBIG) return IcmpReason::too_big;
  if (type == ICMPV6_PARAMPROB) return IcmpReason::protocol_unreachable;
  for (const IcmpReason reason : {IcmpReason::no_route, IcmpReason::prohibited, IcmpReason::port_unreachable}) {
    if (wire_v6(reason).code == code) return reason;
  }
  return IcmpReason::host_unreachable;
}

bool is_error_type(bool v4, uint8_t type) {
  if (v4) return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
  return type >= ICMPV6_DEST_UNREACH && type <= ICMPV6_PARAMPROB;
}

bool is_icmp_error(const Packet &packet) {
  if (packet.transport.empty()) return true;
  const uint8_t type = packet.transport[0];
  if (packet.protocol == IPPROTO_ICMP) return type != ICMP_ECHO && type != ICMP_TIMESTAMP && type != ICMP_ADDRESS;
  return packet.protocol == IPPROTO_ICMPV6 && type != ICMPV6_ECHO_REQUEST;
}

}  // namespace

IcmpError icmp_error_of_errno(int number) {
  switch (number) {
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return {IcmpReason::no_route};
    case EACCES:
    case EPERM:
      return {IcmpReason::prohibited};
    case ECONNREFUSED:
      return {IcmpReason::port_unreachable};
    case ENOPROTOOPT:
      return {IcmpReason::protocol_unreachable};
    default:
      return {IcmpReason::host_unreachable};
  }
}

IcmpError icmp_error_of_wire(bool v4, uint8_t type, uint8_t code, uint32_t info) {
  IcmpError error = {v4 ? reason_of_v4(type, code) : reason_of_v6(type, code)};
  if (error.reason == IcmpReason::too_big) error.mtu = info;
  if (is_error_type(v4, type)) {
    error.wire_type = type;
    error.wire_code = code;
  }
  return error;
}

void send_icmp_error(TunLink &link, uint8_t *frame, const IpAddress &sender, const IcmpError &error,
                     const Packet &packet) {
  if (sender.is_unspecified() || is_icmp_error(packet) || packet.fragment_offset != 0) return;
  const bool v4 = packet.source.is_v4();
  WireError wire = v4 ? wire_v4(error.reason) : wire_v6(error.reason);
  if (error.wire_type != 0) wire = {error.wire_type, error.wire_code};
  const size_t quoted = std::min(packet.whole.size(), v4 ? kMaxQuoteV4 : kMaxQuoteV6);
  const size_t size = kIcmpHeaderSize + quoted;
  std::memset(frame, 0, kIcmpHeaderSize);
  frame[0] = wire.type;
  frame[1] = wire.code;
  // ICMPv6 has 32 bits for it; so has ICMP, but its upper half is reserved.
  if (error.reason == IcmpReason::too_big) store32(frame + 4, v4 ? std::min(error.mtu, 0xFFFFU) : error.mtu);
  std::memmove(frame + kIcmpHeaderSize, packet.whole.data(), quoted);
  PacketOut out;
  out.source = sender;
  out.destination = packet.source;
  out.protocol = static_cast<uint8_t>(v4 ? +IPPROTO_ICMP : +IPPROTO_ICMPV6);
  const uint64_t sum = v4 ? 0 : pseudo_header_sum(out.source, out.destination, out.protocol, size);
  store16(frame + 2, static_cast<uint16_t>(~fold(add_sum(sum, frame, size))));
  link.send(out, frame, size);
}

}  // namespace sampan::net
