// SPDX-License-Identifier: Apache-2.0
// What the protocols of one stack share.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "addon/net/event_loop.h"
#include "addon/net/frame_buffer.h"
#include "addon/net/icmp_error.h"
#include "addon/net/siphash.h"
#include "addon/net/spill.h"
#include "addon/net/stack.h"
#include "addon/net/tun_link.h"

namespace sampan::net {

class SharedResources final : public StackResources {
 public:
  explicit SharedResources(EventLoop &owner) : loop(owner) {}

  EventLoop &loop;
  FrameBuffer frame_in;
  FrameBuffer frame_out;
  FrameBuffer waste;  // for data that must be received and is not wanted
  SpillPool spill;
};

struct StackCore {
  StackCore(SharedResources &shared, StackOptions &options);

  EventLoop &loop;
  FrameBuffer &frame_in;
  FrameBuffer &frame_out;
  FrameBuffer &waste;
  SpillPool &spill;
  StackCounters counters;
  TunLink link;
  Policy policy;
  StackLimits limits;
  IpPrefix prefixes[StackOptions::kMaxPrefixes];
  size_t prefix_count;
  IpAddress gateway_v4;
  IpAddress gateway_v6;
  SipKey secret;

  std::span<const IpPrefix> own() const { return {prefixes, prefix_count}; }
  Route route(const IpAddress &destination, uint16_t port) const {
    return find_route(policy, own(), destination, port);
  }
  // In the gateway's name.
  void send_error(const IcmpError &error, const Packet &packet) {
    send_icmp_error(link, frame_out.payload(), packet.source.is_v4() ? gateway_v4 : gateway_v6, error, packet);
  }
};

}  // namespace sampan::net
