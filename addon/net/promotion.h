// SPDX-License-Identifier: Apache-2.0
// A connection that was handed over to the kernel: the host's socket and the one in the network's namespace, joined.
#pragma once

#include <span>
#include <utility>

#include "addon/net/splice_relay.h"
#include "addon/net/stack_core.h"

namespace sampan::net {

class Tcp;
class TcpConnection;

class Promotion final : RelayOwner {
 public:
  Promotion(Tcp &tcp, StackCore &core, TcpConnection &connection, unique_fd host, unique_fd inner)
      : relay(*this, std::move(host), std::move(inner)), tcp_(tcp), core_(core), connection_(connection) {}

  SpliceRelay relay;

 private:
  static constexpr size_t kBufferSize = 65536;

  EventLoop &loop() override { return core_.loop; }
  PipePool &pipes() override { return core_.pipes; }
  std::span<uint8_t> buffer() override { return {core_.frame_out.payload(), kBufferSize}; }
  void unfinished(SpliceRelay &) override;
  void finished(SpliceRelay &) override { relay.close(); }
  void ended(SpliceRelay &) override;

  Tcp &tcp_;
  StackCore &core_;
  TcpConnection &connection_;
};

}  // namespace sampan::net
