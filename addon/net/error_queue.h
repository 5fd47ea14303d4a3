// SPDX-License-Identifier: Apache-2.0
// ICMP errors that came for a datagram socket (IP_RECVERR, ip(7)), to be told to the container whose datagram it was.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/net/icmp_error.h"
#include "addon/net/ip_address.h"

namespace sampan::net {

struct HostError {
  IcmpError error;
  SocketAddress destination;  // of the datagram
  IpAddress offender;         // who reported it; unspecified: this host
  // The datagram's payload, as much of it as was reported and fits.
  static constexpr size_t kMostQuoted = 512;
  uint8_t quoted[kMostQuoted];
  size_t quoted_size = 0;
};

// Asks for errors on a socket of that family.
void enable_error_queue(int fd, bool v4);
// The next error; false: there is none.
bool read_error(int fd, HostError &error);

}  // namespace sampan::net
