// SPDX-License-Identifier: Apache-2.0
// What the protocols of one stack share.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "addon/net/datagram_batch.h"
#include "addon/net/event_loop.h"
#include "addon/net/frame_buffer.h"
#include "addon/net/icmp_error.h"
#include "addon/net/pipe_pool.h"
#include "addon/net/siphash.h"
#include "addon/net/spill.h"
#include "addon/net/stack.h"
#include "addon/net/tun_link.h"

namespace sampan::net {

class SharedResources final : public StackResources {
 public:
  SharedResources(EventLoop &owner, const SipKey &key) : loop(owner), spill(key) {}

  EventLoop &loop;
  FrameBuffer frame_in;
  FrameBuffer frame_out;
  FrameBuffer waste;  // for data that must be received and is not wanted
  SpillPool spill;
  PipePool pipes;
  DatagramBatch datagrams;
};

struct StackCore {
  StackCore(SharedResources &shared, StackOptions &options);

  EventLoop &loop;
  FrameBuffer &frame_in;
  FrameBuffer &frame_out;
  FrameBuffer &waste;
  SpillPool &spill;
  PipePool &pipes;
  HandoverTarget *handover;
  DatagramBatch &datagrams;
  StackCounters counters;
  TunLink link;
  Policy policy;
  StackLimits limits;
  IpPrefix prefixes[StackOptions::kMaxPrefixes];
  size_t prefix_count;
  IpAddress gateway_v4;
  IpAddress gateway_v6;
  SipKey secret;
  DatagramJoiner *joiner;
  // The turn that left frames in the tun.
  uint64_t behind_turn = UINT64_MAX;

  // Frames may wait in the tun that were not read yet: what a timer misses may be among them.
  bool is_behind() const { return behind_turn == loop.turn_number() || !loop.collected_all(); }
  std::span<const IpPrefix> own() const { return {prefixes, prefix_count}; }
  Route route(const IpAddress &destination, uint16_t port) const {
    return find_route(policy, own(), destination, port);
  }
  // In the destination's name: the gateway's own address would be a martian source on the tun.
  void send_error(const IcmpError &error, const Packet &packet) {
    if (has_family(packet.source)) send_icmp_error(link, frame_out.payload(), packet.destination, error, packet);
  }
  // The same for what the host's kernel was told by `offender`; routers on the way show who they are.
  void send_error(const IcmpError &error, const IpAddress &offender, const Packet &packet) {
    const bool known = !offender.is_unspecified() && offender.is_v4() == packet.source.is_v4();
    if (has_family(packet.source))
      send_icmp_error(link, frame_out.payload(), known ? seen_address(policy, offender) : packet.destination, error,
                      packet);
  }
  bool has_family(const IpAddress &address) const {
    return !(address.is_v4() ? gateway_v4 : gateway_v6).is_unspecified();
  }
};

}  // namespace sampan::net
