// SPDX-License-Identifier: Apache-2.0
// UDP between containers and host sockets.
//
// How this works. One host socket for each (address, port) that a container sends from (a UdpPort): other hosts see the
// same port whatever they are (endpoint-independent mapping, RFC 4787). Beside it, one UdpFlow for each destination:
// only who was written to may answer (address- and port-dependent filtering), as with the kernel's masquerading.
// Consecutive datagrams of one flow with one size leave in one call (UDP_SEGMENT); datagrams that the kernel has
// collected (UDP_GRO) enter the container in one frame. Errors that the host's kernel reports for a datagram go to the
// container as ICMP. Bounds: StackLimits; an idle flow ends.
#pragma once

#include <cstdint>

#include "addon/net/datagram_batch.h"
#include "addon/net/datagram_rate.h"
#include "addon/net/error_queue.h"
#include "addon/net/flow_table.h"
#include "addon/net/packet.h"
#include "addon/net/pool.h"
#include "addon/net/source_counts.h"
#include "addon/net/stack_core.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

class Udp;
class UdpPort;

struct UdpFlow {
  FlowKey key;
  UdpFlow *next_in_bucket = nullptr;
  UdpFlow *next_of_port = nullptr;
  UdpPort *port = nullptr;
  IpAddress host_address;
  uint64_t used_ms = 0;
  bool answered = false;
};

class UdpPort final : public Watch, public Timer {
 public:
  UdpPort(Udp &udp, const FlowKey &port_key) : key(port_key), udp_(udp) {}
  void ready(uint32_t events) override;
  void expired() override;

  FlowKey key;  // without a destination
  UdpPort *next_in_bucket = nullptr;
  UdpPort *next_dead = nullptr;
  UdpFlow *flows = nullptr;
  unique_fd fd;
  bool dead = false;
  bool no_segments = false;    // the way out does not take UDP_SEGMENT
  bool large = false;          // what came last was
  bool dont_fragment = false;  // as the socket has it
  uint8_t hop_limit = 0;       // as the socket has it; 0: the default

 private:
  Udp &udp_;
};

class Udp {
 public:
  explicit Udp(StackCore &core);
  ~Udp();
  bool is_open() const {
    return ports_.is_open() && flows_.is_open() && port_table_.is_open() && flow_table_.is_open();
  }

  // A whole UDP datagram, or several of them in one frame, from a container.
  void receive(const Packet &packet);
  // Sends what was collected; to be called when the tun has no more frames.
  void flush();
  // Frees what ended in this turn.
  void turn_end();
  bool has_work() const { return dead_ != nullptr || batch_.flow != nullptr; }
  void forget_source(const IpAddress &source);
  void trim();

  void host_ready(UdpPort &port, uint32_t events);
  void expired(UdpPort &port);

 private:
  // udp.cc
  UdpFlow *find_or_make_flow(const FlowKey &key, const Packet &packet);
  UdpPort *find_or_make_port(const FlowKey &key, const Packet &packet);
  void remove_flow(UdpFlow &flow);
  void remove_port(UdpPort &port);

  // udp_out.cc: towards the host
  void collect(UdpFlow &flow, std::span<const uint8_t> payload);
  bool fits_batch(const UdpFlow &flow, size_t size) const;
  void send(UdpFlow &flow, std::span<const uint8_t> payload, size_t segment);
  int send_once(UdpFlow &flow, std::span<const uint8_t> payload, size_t segment);
  void set_options(UdpPort &port, const Packet &packet, size_t size);

  // udp_in.cc: towards the container
  bool receive_host(UdpPort &port);
  void pass_on(UdpFlow &flow, const Datagram &train);
  void send_datagram(const UdpFlow &flow, uint8_t *payload, size_t size, size_t segment);
  UdpFlow *find_flow(const UdpPort &port, const SocketAddress &peer);
  void report_error(const UdpPort &port, const HostError &error, const UdpFlow *sending = nullptr);

  // Datagrams that wait to leave in one call.
  struct Batch {
    UdpFlow *flow = nullptr;
    size_t segment = 0;  // the size of each but the last
    size_t size = 0;
    size_t count = 0;
    bool closed = false;  // a smaller one came: it is the last
  };

  StackCore &core_;
  Pool<UdpPort> ports_;
  Pool<UdpFlow> flows_;
  FlowTable<UdpPort> port_table_;
  FlowTable<UdpFlow> flow_table_;
  SourceCounts per_source_;
  DatagramRate rate_;
  UdpPort *dead_ = nullptr;
  Batch batch_;
  FrameBuffer batch_bytes_;
};

}  // namespace sampan::net
