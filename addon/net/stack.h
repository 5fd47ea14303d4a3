// SPDX-License-Identifier: Apache-2.0
// One network's way out: translates between the frames of a tun and ordinary sockets of the host, in the network
// namespace and with the rights of the calling process. docs/network.md has the theory of operation.
//
//   EventLoop loop;                                        // one per process
//   auto resources = StackResources::create(loop);         // one per process
//   auto stack = Stack::create(*resources.value(), {.tun = open_tun("sampan0").take(), .prefixes = ...});
//   while (!over) loop.turn();
//
// Destroying a Stack closes all its connections (the other hosts see a reset) and the tun, and gives the memory back.
// Not from within a callback of the loop other than a Timer or a Watch of one's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "addon/net/datagram_rate.h"
#include "addon/net/event_loop.h"
#include "addon/net/ip_address.h"
#include "addon/net/policy.h"
#include "addon/net/tun.h"
#include "addon/sys/result.h"

namespace sampan::net {

class HandoverTarget;

// Bounds per network, and per source address in it, so that one container cannot take everything.
struct StackLimits {
  uint32_t tcp_connections = 16384;
  uint32_t tcp_per_source = 12288;
  uint32_t tcp_half_open_per_source = 1024;
  uint32_t tcp_promoted = 512;
  uint32_t tcp_promoted_per_source = 384;
  uint32_t udp_flows = 8192;
  uint32_t udp_per_source = 4096;
  uint32_t echo_flows = 256;
  uint32_t echo_per_source = 192;
  bool tcp_peek_offset = true;  // false: as on kernels whose TCP has no SO_PEEK_OFF (before Linux 6.9, IPv6 6.11)
};

struct StackOptions {
  static constexpr size_t kMaxPrefixes = 4;

  Tun tun;
  uint32_t mtu = 1500;  // of the tun and of the containers' interfaces
  // The network's addresses, one or more prefixes; frames with another source are ignored, other destinations are
  // outside.
  IpPrefix prefixes[kMaxPrefixes];
  size_t prefix_count = 0;
  // The network's own addresses. Unspecified: no such family in this network.
  IpAddress gateway_v4;
  IpAddress gateway_v6;
  Policy policy;
  StackLimits limits;
  DatagramJoiner *joiner = nullptr;  // outlives the stack
  // Makes sockets in the network for connections that move much; outlives the stack. Null: they stay in it.
  HandoverTarget *handover = nullptr;
};

// What happened since the stack was made; for inspect and for tests.
struct StackCounters {
  uint64_t frames_in = 0;
  uint64_t frames_out = 0;
  uint64_t bytes_in = 0;   // from containers, headers included
  uint64_t bytes_out = 0;  // to containers
  uint64_t invalid = 0;    // frames that were ignored: malformed, spoofed, or of no use
  uint64_t refused = 0;    // by policy
  uint64_t limited = 0;    // flows beyond a limit
  uint64_t retransmits = 0;
  uint64_t write_failures = 0;     // frames that the tun did not take
  uint64_t promoted = 0;           // connections that were handed over to the kernel
  uint64_t promotions_failed = 0;  // those that were refused; all of them, where the kernel cannot
  uint32_t tcp_connections = 0;
  uint32_t udp_flows = 0;
};

// Buffers that all stacks of a process share: one frame each way, and the bounded pool for data that a host's socket
// did not take at once.
class StackResources {
 public:
  static Result<std::unique_ptr<StackResources>> create(EventLoop &loop);
  virtual ~StackResources() = default;

 protected:
  StackResources() = default;
};

class Stack {
 public:
  static Result<std::unique_ptr<Stack>> create(StackResources &resources, StackOptions options);
  virtual ~Stack() = default;

  // Replaces the policy; flows that are open stay open.
  virtual void set_policy(const Policy &policy) = 0;
  // The container with this address is gone: closes its flows, the other hosts see resets.
  virtual void forget_source(const IpAddress &source) = 0;
  virtual StackCounters counters() const = 0;

 protected:
  Stack() = default;
};

}  // namespace sampan::net
