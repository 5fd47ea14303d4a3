// SPDX-License-Identifier: Apache-2.0
// One client of a published UDP port: its socket in the network's namespace.
#pragma once

#include <cstdint>

#include "addon/net/event_loop.h"
#include "addon/net/flow_table.h"
#include "addon/net/ip_address.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

class UdpListener;

struct InboundFlow final : Watch, Timer {
  InboundFlow(UdpListener &of, const FlowKey &addresses, unique_fd socket)
      : key(addresses), port(of), inner(std::move(socket)) {}

  void ready(uint32_t events) override;
  void expired() override;

  FlowKey key;  // client, then the address and port of ours that it calls
  InboundFlow *next_in_bucket = nullptr;
  UdpListener &port;
  unique_fd inner;
  uint64_t used_ms = 0;
  bool answered = false;
  bool connected_again = false;
};

}  // namespace sampan::net
