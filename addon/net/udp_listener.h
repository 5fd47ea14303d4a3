// SPDX-License-Identifier: Apache-2.0
// A published UDP port: each client that sends to it is a flow with a socket of its own in the network, which lasts
// until nothing was sent either way for a while (RFC 4787, 4.3).
#pragma once

#include "addon/net/publisher_core.h"

namespace sampan::net {

class UdpListener final : public PublishedSocket, Watch {
 public:
  UdpListener(PublisherCore &core, const PublishedPort &published, unique_fd socket);

  bool start() { return core_.loop().watch(*this, socket_.get(), EPOLLIN); }
  void close() override;

  // From the container to the flow's client.
  void answer(InboundFlow &flow);
  // The container refused a datagram.
  void refused(InboundFlow &flow);
  void check_idle(InboundFlow &flow);

 private:
  void ready(uint32_t events) override;
  void pass_on(DatagramBatch &batch, unsigned count);
  InboundFlow *flow_of(const Datagram &datagram);
  InboundFlow *make_flow(const FlowKey &key, const Datagram &datagram);
  void end(InboundFlow &flow);

  PublisherCore &core_;
  unique_fd socket_;
  SocketAddress target_;
};

}  // namespace sampan::net
