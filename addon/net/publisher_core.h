// SPDX-License-Identifier: Apache-2.0
// What the published ports of one network have in common.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "addon/net/datagram_batch.h"
#include "addon/net/flow_table.h"
#include "addon/net/inbound_flow.h"
#include "addon/net/inner_sockets.h"
#include "addon/net/pipe_pool.h"
#include "addon/net/pool.h"
#include "addon/net/publisher.h"
#include "addon/net/splice_relay.h"

namespace sampan::net {

class PublisherResourcesImpl final : public PublisherResources {
 public:
  explicit PublisherResourcesImpl(EventLoop &loop) : loop_(loop) {}

  EventLoop &loop() { return loop_; }
  PipePool &pipes() { return pipes_; }
  DatagramBatch &datagrams() { return datagrams_; }
  std::span<uint8_t> buffer() { return {buffer_.get(), kBufferSize}; }

 private:
  static constexpr size_t kBufferSize = 65536;

  EventLoop &loop_;
  PipePool pipes_;
  std::unique_ptr<uint8_t[]> buffer_{new uint8_t[kBufferSize]};
  DatagramBatch datagrams_;
};

// One published port of either kind.
class PublishedSocket {
 public:
  virtual ~PublishedSocket() = default;
  // Before it is destroyed, which happens at the turn's end: nothing of it is served any more.
  virtual void close() = 0;

  const PublishedPort port;

 protected:
  explicit PublishedSocket(const PublishedPort &published) : port(published) {}
};

class PublisherCore final : TurnEnd {
 public:
  PublisherCore(PublisherResourcesImpl &shared, InnerSocketSource &inner, std::span<const IpPrefix> own,
                const PublisherLimits &limits, const SipKey &key);
  PublisherCore(const PublisherCore &) = delete;
  PublisherCore &operator=(const PublisherCore &) = delete;
  ~PublisherCore();

  bool is_open() const { return relays.is_open() && flows.is_open() && flow_table.is_open(); }
  EventLoop &loop() { return resources.loop(); }

  // A socket in the network, bound for this client where its address can be carried over, and connected or on its way.
  Result<unique_fd> connect_inner(const SocketAddress &client, const SocketAddress &target, int type);
  // The same from the gateway's address.
  Result<unique_fd> connect_from_gateway(const SocketAddress &target, int type);

  void serve_later(SpliceRelay &relay) { unfinished_.push_back(&relay); }
  // What both sides have ended is closed when nobody waits for anything.
  void close_later(SpliceRelay &relay);
  void bury(SpliceRelay &relay) { dead_relays_.push_back(&relay); }
  void bury(InboundFlow &flow) { dead_flows_.push_back(&flow); }
  void bury(std::unique_ptr<PublishedSocket> socket) { dead_sockets_.push_back(std::move(socket)); }

  PublisherResourcesImpl &resources;
  PublisherCounters counters;
  Pool<SpliceRelay> relays;
  Pool<InboundFlow> flows;
  FlowTable<InboundFlow> flow_table;

 private:
  bool turn_end() override;
  bool idle_step() override;
  void bury_dead();
  bool can_carry(const SocketAddress &client, const SocketAddress &target) const;
  bool bind_to_client(int fd, const SocketAddress &client, const SocketAddress &target, int type);
  bool has_flow(const SocketAddress &client, const SocketAddress &target);

  InnerSockets inner_;
  std::vector<IpPrefix> own_;
  std::vector<SpliceRelay *> unfinished_;
  // The last ones to have finished; null: closed already.
  std::array<SpliceRelay *, 4> finished_ = {};
  size_t next_finished_ = 0;
  // Served or forgotten in this turn: the loop may still hold a pointer to them.
  std::vector<SpliceRelay *> dead_relays_;
  std::vector<InboundFlow *> dead_flows_;
  std::vector<std::unique_ptr<PublishedSocket>> dead_sockets_;
};

// The host's side: bound, for TCP listening, non-blocking.
Result<unique_fd> open_host_socket(const PublishedPort &port, uint16_t *bound_port);

}  // namespace sampan::net
