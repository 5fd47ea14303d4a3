// SPDX-License-Identifier: Apache-2.0
// ICMP and ICMPv6 errors towards the containers (RFC 792, RFC 1122 3.2.2, RFC 4443), so that a program inside sees the
// errno that it would see on the host.
#pragma once

#include <cstdint>

#include "addon/net/ip_address.h"
#include "addon/net/packet.h"
#include "addon/net/tun_link.h"

namespace sampan::net {

// What happened to a packet, in the words of both families.
enum class IcmpReason : uint8_t {
  no_route,
  unknown_network,  // the same, so that a UDP socket is told that has not asked for more than its kernel thinks fit
  prohibited,
  host_unreachable,
  port_unreachable,
  protocol_unreachable,
  time_exceeded,
  too_big,
};

struct IcmpError {
  IcmpReason reason = IcmpReason::host_unreachable;
  uint32_t mtu = 0;  // too_big
  // As it came, in the words of the packet's own family; 0: it did not come but was found out here.
  uint8_t wire_type = 0;
  uint8_t wire_code = 0;
};

// The error for the errno of a connect() or send(), and for what IP_RECVERR reports (type and code as on the wire).
IcmpError icmp_error_of_errno(int number);
IcmpError icmp_error_of_wire(bool v4, uint8_t type, uint8_t code, uint32_t info);

// Tells packet.source about its packet, in the name of `sender`; `frame` is where the error is built. Does nothing for
// ICMP errors and later fragments, about which no errors may be sent.
void send_icmp_error(TunLink &link, uint8_t *frame, const IpAddress &sender, const IcmpError &error,
                     const Packet &packet);

}  // namespace sampan::net
