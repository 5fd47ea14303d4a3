// SPDX-License-Identifier: Apache-2.0
// ICMP and ICMPv6 echo ("ping") through the host's ping sockets (icmp(7)), which need no privilege where
// net.ipv4.ping_group_range allows the user. Where it does not, the container is told so: administratively prohibited.
#pragma once

#include <cstdint>

#include "addon/net/error_queue.h"
#include "addon/net/flow_table.h"
#include "addon/net/packet.h"
#include "addon/net/pool.h"
#include "addon/net/source_counts.h"
#include "addon/net/stack_core.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

class Echo;

class EchoFlow final : public Watch, public Timer {
 public:
  EchoFlow(Echo &echo, const FlowKey &flow_key) : key(flow_key), echo_(echo) {}
  void ready(uint32_t events) override;
  void expired() override;

  FlowKey key;  // the source port is the identifier
  EchoFlow *next_in_bucket = nullptr;
  EchoFlow *next_dead = nullptr;
  unique_fd fd;
  uint64_t used_ms = 0;
  uint8_t hop_limit = 0;  // as the socket has it; 0: the default
  bool dead = false;

 private:
  Echo &echo_;
};

class Echo {
 public:
  explicit Echo(StackCore &core);
  ~Echo();
  bool is_open() const { return pool_.is_open() && table_.is_open(); }

  // An ICMP packet from a container.
  void receive(const Packet &packet);
  void turn_end();
  bool has_work() const { return dead_ != nullptr; }
  void forget_source(const IpAddress &source);
  void trim() { pool_.trim(); }

  void host_ready(EchoFlow &flow, uint32_t events);
  void expired(EchoFlow &flow);

 private:
  EchoFlow *make_flow(const FlowKey &key, const Packet &packet);
  void send(EchoFlow &flow, const Packet &packet);
  bool receive_host(EchoFlow &flow);
  void report_error(const EchoFlow &flow, const HostError &error);
  void remove(EchoFlow &flow);

  StackCore &core_;
  Pool<EchoFlow> pool_;
  FlowTable<EchoFlow> table_;
  SourceCounts per_source_;
  EchoFlow *dead_ = nullptr;
};

}  // namespace sampan::net
