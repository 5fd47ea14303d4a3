// SPDX-License-Identifier: Apache-2.0
// TCP between containers and host sockets.
//
// How this works. The container's kernel and the host's kernel do the real work; we translate between segments and
// socket calls, and owe each side what a wire would give it:
//   - A SYN leads to a connect(); only its success is answered with SYN-ACK, a refusal with RST, no route with ICMP.
//   - What a segment brings is sent on at once. What the socket does not take waits (SpillQueue), and the window that
//     the container is given is what may still wait: nothing that was acknowledged is ever thrown away.
//   - What the host sends is peeked (MSG_PEEK) and leaves the host socket's queue when the container has acknowledged
//     it: that queue is the retransmission buffer, so an open connection costs us no memory but this record.
//   - Ends (FIN), resets and errors are passed on in order, each direction by itself.
//   - A connection that moves much is handed over to the kernel (tcp_promote.cc).
// Bounds: StackLimits; memory is reserved at the start. tcp_receive.cc: segments from the container; tcp_host.cc: the
// host's socket; tcp_send.cc: segments to the container; tcp_timer.cc: retransmission, probes, idle ends.
#pragma once

#include <cstdint>

#include "addon/net/flow_table.h"
#include "addon/net/packet.h"
#include "addon/net/pool.h"
#include "addon/net/promotion.h"
#include "addon/net/source_counts.h"
#include "addon/net/stack_core.h"
#include "addon/net/tcp_connection.h"
#include "addon/net/tcp_handover.h"
#include "addon/net/tcp_segment.h"

namespace sampan::net {

class Tcp : Timer {
 public:
  // Data on its way to a container.
  static constexpr uint32_t kMaxFlight = 1024 * 1024;
  // Data from a container that may wait for the host's socket. Windows are announced in units, rounded up.
  static constexpr uint32_t kMaxWindow = 512 * 1024;
  static constexpr uint32_t kWindowSlack = 4096;
  // What one IP packet holds behind its header and that of TCP, IPv6's being the longest. No MSS is larger.
  static constexpr uint16_t kMaxPayload = 65535 - 60;

  explicit Tcp(StackCore &core);
  ~Tcp();

  bool is_open() const { return pool_.is_open() && table_.is_open() && promotions_.is_open(); }

  // A TCP packet from a container.
  void receive(const Packet &packet);
  // To be called at the end of each turn that has work; true when some is left.
  bool has_work() const { return pending_ != nullptr; }
  bool turn_end();
  // As TurnEnd::idle_step().
  bool idle_step();
  // The container is gone: its connections are closed, the other hosts see resets.
  void forget_source(const IpAddress &source);
  // Gives memory back; when there is time.
  void trim() {
    pool_.trim();
    promotions_.trim();
  }

  void host_ready(TcpConnection &connection, uint32_t events);
  void expired(TcpConnection &connection);
  void note_pending(TcpConnection &connection);
  void promotion_ended(TcpConnection &connection);

 private:
  void expired() override { send_delayed(); }

  // tcp.cc
  void refuse(const Packet &packet, const TcpSegment &segment);
  void note_settled(TcpConnection &connection);
  void finish_if_done(TcpConnection &connection);
  void settle(TcpConnection &connection);
  void forget_settling(TcpConnection &connection);
  void reset(TcpConnection &connection);
  void abort_host(TcpConnection &connection);
  void close_host(TcpConnection &connection);
  void remove(TcpConnection &connection);
  uint32_t initial_sequence(const FlowKey &key) const;

  void acknowledge(TcpConnection &connection);
  void enlist_delayed(TcpConnection &connection);
  void send_delayed();

  // tcp_receive.cc
  void receive_segment(TcpConnection &connection, const TcpSegment &segment);
  bool is_acceptable(const TcpConnection &connection, const TcpSegment &segment) const;
  void receive_reset(TcpConnection &connection, const TcpSegment &segment);
  void receive_syn(TcpConnection &connection, const TcpSegment &segment);
  bool receive_ack(TcpConnection &connection, const TcpSegment &segment);
  void advance_una(TcpConnection &connection, uint32_t ack);
  void count_duplicate(TcpConnection &connection, const TcpSegment &segment, uint32_t window);
  void grow_cwnd(TcpConnection &connection, uint32_t acked);
  void note_keepalive(TcpConnection &connection, const TcpSegment &segment);
  void receive_data(TcpConnection &connection, const TcpSegment &segment);
  void keep_early(TcpConnection &connection, const TcpSegment &segment);
  bool take_early(TcpConnection &connection);
  void receive_fin(TcpConnection &connection);

  // tcp_host.cc
  void open(const Packet &packet, const TcpSegment &syn);
  void take_syn(TcpConnection &connection, const TcpSegment &syn) const;
  void connect_host(TcpConnection &connection, const Route &route);
  bool watch_host(TcpConnection &connection);
  void enable_host_keepalive(TcpConnection &connection);
  void host_connected(TcpConnection &connection);
  void report_connect_failure(TcpConnection &connection, int number);
  size_t deliver(TcpConnection &connection, std::span<const uint8_t> data);
  void flush_spill(TcpConnection &connection);
  void shut_host_if_done(TcpConnection &connection);
  void prepare_send(TcpConnection &connection);
  bool has_peek_offset(const TcpConnection &connection) const;
  bool is_discard_due(const TcpConnection &connection) const;
  ssize_t peek_host(TcpConnection &connection, uint32_t offset, uint8_t *buffer, size_t size);
  void discard_acknowledged(TcpConnection &connection);

  // tcp_send.cc
  uint16_t own_mss(const FlowKey &key) const;
  void send_syn_ack(TcpConnection &connection);
  void repeat_syn_ack(TcpConnection &connection);
  void send_ack(TcpConnection &connection);
  void send_probe(TcpConnection &connection);
  void send_fin(TcpConnection &connection);
  void note_fin_sent(TcpConnection &connection);
  void send_reset(const FlowKey &key, uint32_t seq, uint32_t ack, uint8_t flags);
  bool pump(TcpConnection &connection);
  size_t sendable(const TcpConnection &connection) const;
  ssize_t send_data(TcpConnection &connection, uint32_t offset, size_t size);
  ssize_t send_next(TcpConnection &connection, size_t size);
  void send_payload(TcpConnection &connection, uint32_t offset, size_t size, uint8_t flags);
  void transmit(TcpConnection &connection, TcpSegment &segment, size_t payload_size);
  void note_sent(TcpConnection &connection, uint32_t count);
  void report_failed_syn(TcpConnection &connection, int number);
  void retransmit_first(TcpConnection &connection);
  void go_back(TcpConnection &connection);
  uint32_t window_limit(const TcpConnection &connection) const;
  uint32_t free_window(const TcpConnection &connection) const;
  bool window_has_grown(const TcpConnection &connection) const;
  uint16_t announce_window(TcpConnection &connection);

  // tcp_timer.cc
  void arm_timer(TcpConnection &connection);
  bool wants_window(const TcpConnection &connection) const;
  void probe_window(TcpConnection &connection);
  uint64_t retransmit_delay(const TcpConnection &connection) const;
  void measure_round_trip(TcpConnection &connection, uint32_t ack);

  // tcp_promote.cc
  void note_moved(TcpConnection &connection, uint32_t count);
  bool is_promotable(const TcpConnection &connection) const;
  bool try_promote(TcpConnection &connection);
  Result<Pipe> spill_into_pipe(const TcpConnection &connection);
  TcpHandover describe(const TcpConnection &connection) const;
  bool promote(TcpConnection &connection);
  void join(TcpConnection &connection, unique_fd inner, Pipe pipe);
  void pass_back(const TcpConnection &connection, const Packet &packet);
  void destroy(TcpConnection &connection);
  void drop(TcpConnection &connection);

  StackCore &core_;
  Pool<TcpConnection> pool_;
  Pool<Promotion> promotions_;
  FlowTable<TcpConnection> table_;
  SourceCounts per_source_;
  SourceCounts half_open_;
  SourceCounts promoted_per_source_;
  TcpConnection *pending_ = nullptr;
  TcpConnection *pending_last_ = nullptr;
  // Those that have finished, oldest first.
  TcpConnection *settling_ = nullptr;
  TcpConnection *settling_last_ = nullptr;
  uint32_t settling_count_ = 0;
  // In the order of their time; our own timer is for the first.
  TcpConnection *delayed_ = nullptr;
  TcpConnection *delayed_last_ = nullptr;
  // SO_PEEK_OFF on TCP sockets: Linux 6.9 for IPv4, 6.11 for IPv6.
  bool peek_offset_v4_;
  bool peek_offset_v6_;
};

}  // namespace sampan::net
