// SPDX-License-Identifier: Apache-2.0
// Programs that send a known pattern through a TCP connection and compare every byte, each in a process of its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/net/ip_address.h"

namespace sampan::test {

inline constexpr int kTrafficDone = 0;
inline constexpr int kTrafficWrong = 3;

struct Load {
  unsigned connections = 1;
  size_t size = 100'000;   // in each direction
  bool killed = false;     // either side resets some of them in the middle
  bool both_ways = false;  // at the same time
  size_t turns = 0;        // then so many messages and answers before either side ends
};

// Number `number` of the load; returns how it went.
int run_traffic_client(const Load &load, const net::SocketAddress &server, unsigned number);
// Serves whoever comes until it is killed, as it is when its parent ends.
[[noreturn]] void run_traffic_server(const Load &load, int listener);

}  // namespace sampan::test
