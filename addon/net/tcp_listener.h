// SPDX-License-Identifier: Apache-2.0
// A published TCP port: accepts, and gives each connection a relay.
#pragma once

#include "addon/net/publisher_core.h"
#include "addon/net/turn_batch.h"

namespace sampan::net {

class TcpListener final : public PublishedSocket, RelayOwner, Watch, Timer {
 public:
  TcpListener(PublisherCore &core, const PublishedPort &published, unique_fd socket);

  bool start() { return core_.loop().watch(*this, socket_.get(), EPOLLIN); }
  void close() override;

 private:
  void ready(uint32_t events) override;
  void expired() override;
  EventLoop &loop() override { return core_.loop(); }
  PipePool &pipes() override { return core_.resources.pipes(); }
  std::span<uint8_t> buffer() override { return core_.resources.buffer(); }
  unique_fd another_way(SpliceRelay &relay) override;
  void unfinished(SpliceRelay &relay) override { core_.serve_later(relay); }
  void finished(SpliceRelay &relay) override;
  void ended(SpliceRelay &relay) override;

  // False: nobody is waiting, or nobody can be served now.
  bool accept_one();
  void relay(unique_fd client, const SocketAddress &address);
  void refuse(const unique_fd &client);
  void pause();

  PublisherCore &core_;
  unique_fd socket_;
  SocketAddress target_;
  TurnBatch batch_;
};

}  // namespace sampan::net
