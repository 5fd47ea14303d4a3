// SPDX-License-Identifier: Apache-2.0
// The table of connections, and how one ends.
#include "addon/net/tcp.h"

#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "addon/net/tcp_options.h"

namespace sampan::net {

namespace {

// Short enough not to be felt by who waits for it (Linux: 40 ms).
constexpr uint64_t kAckDelayMs = 2;
// Connections that have ended and may wait for a pause.
constexpr uint32_t kMostSettling = 4;

// SO_PEEK_OFF, tried on a socket that is not connected. #syscalls: socket setsockopt
bool can_set_peek_offset(int family) {
  const unique_fd probe(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int zero = 0;
  return probe && ::setsockopt(probe.get(), SOL_SOCKET, SO_PEEK_OFF, &zero, sizeof zero) == 0;
}

}  // namespace

void TcpConnection::ready(uint32_t events) { tcp_.host_ready(*this, events); }
void TcpConnection::expired() { tcp_.expired(*this); }

Tcp::Tcp(StackCore &core)
    : core_(core),
      pool_(core.limits.tcp_connections),
      promotions_(core.limits.tcp_promoted),
      table_(core.secret, core.limits.tcp_connections * 2),
      per_source_(core.secret),
      half_open_(core.secret),
      promoted_per_source_(core.secret),
      peek_offset_v4_(core.limits.tcp_peek_offset && can_set_peek_offset(AF_INET)),
      peek_offset_v6_(core.limits.tcp_peek_offset && can_set_peek_offset(AF_INET6)) {}

Tcp::~Tcp() {
  pool_.for_each([this](TcpConnection &connection) {
    if (connection.state != TcpState::dead) drop(connection);
  });
  core_.loop.disarm(*this);
  pool_.for_each([this](TcpConnection &connection) { destroy(connection); });
}

void Tcp::receive(const Packet &packet) {
  TcpSegment segment;
  if (packet.is_fragment || !parse_tcp(packet.transport, segment) || !has_valid_checksum(packet)) {
    ++core_.counters.invalid;
    return;
  }
  const FlowKey key = {packet.source, packet.destination, segment.source_port, segment.destination_port};
  TcpConnection *connection = table_.find(key);
  if (connection != nullptr && connection->state == TcpState::promoted) return pass_back(*connection, packet);
  const bool is_syn = (segment.flags & (kTcpSyn | kTcpAck | kTcpRst)) == kTcpSyn;
  if (connection != nullptr && connection->state == TcpState::lingering && is_syn) {
    remove(*connection);
    connection = nullptr;
  }
  if (connection != nullptr) return receive_segment(*connection, segment);
  if (is_syn) return open(packet, segment);
  if (!segment.has(kTcpRst)) refuse(packet, segment);
}

// RFC 9293 3.10.7.1: the answer of a host that knows of no such connection.
void Tcp::refuse(const Packet &packet, const TcpSegment &segment) {
  const FlowKey key = {packet.source, packet.destination, segment.source_port, segment.destination_port};
  if (segment.has(kTcpAck)) {
    send_reset(key, segment.ack, 0, kTcpRst);
  } else {
    send_reset(key, 0, segment.seq + segment.length(), kTcpRst | kTcpAck);
  }
}

// RFC 6528: a clock plus a keyed hash of the connection, so that numbers of one connection grow from one life to the
// next (its old TIME_WAIT accepts the new one) and nobody else can guess them.
uint32_t Tcp::initial_sequence(const FlowKey &key) const {
  struct timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const uint64_t ns = static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
  return static_cast<uint32_t>(siphash(core_.secret, &key, sizeof key) + (ns >> 6));
}

void Tcp::note_pending(TcpConnection &connection) {
  if (connection.pending) return;
  connection.pending = true;
  connection.next_pending = nullptr;
  (pending_last_ == nullptr ? pending_ : pending_last_->next_pending) = &connection;
  pending_last_ = &connection;
}

// In turn, and only some of them: what they send is acknowledged into the tun, whose queue is to be read in between.
bool Tcp::turn_end() {
  constexpr int kServedPerTurn = 64;
  for (int served = 0; pending_ != nullptr && served < kServedPerTurn; ++served) {
    TcpConnection &connection = *pending_;
    pending_ = connection.next_pending;
    if (pending_ == nullptr) pending_last_ = nullptr;
    connection.pending = false;
    if (connection.state == TcpState::dead) {
      if (!connection.delayed) destroy(connection);
      continue;
    }
    if (connection.settling) continue;
    if (connection.state == TcpState::promoted) {
      connection.promotion->relay.resume();
      continue;
    }
    if (try_promote(connection)) continue;
    const bool more = pump(connection);
    if (connection.need_ack && connection.state != TcpState::dead) acknowledge(connection);
    if (more) note_pending(connection);
  }
  return pending_ != nullptr;
}

// In a conversation the answer, which is about to come, carries the acknowledgement (RFC 9293 3.8.6.3).
void Tcp::acknowledge(TcpConnection &connection) {
  const uint32_t fresh = connection.rcv_nxt - connection.rcv_acked;
  // An end is mostly answered by an end.
  const bool is_conversing = connection.fin_received ? !connection.fin_sent : connection.conversing;
  if (connection.state != TcpState::open || !is_conversing || fresh == 0 || fresh >= connection.mss ||
      connection.early.size() != 0)
    return send_ack(connection);
  if (connection.ack_waits) return;
  connection.ack_waits = true;
  connection.ack_waits_since_ms = core_.loop.now_ms();
  // From the acknowledgement before.
  if (connection.delayed) return;
  enlist_delayed(connection);
  if (!armed()) core_.loop.arm(*this, kAckDelayMs);
}

void Tcp::enlist_delayed(TcpConnection &connection) {
  connection.delayed = true;
  connection.next_delayed = nullptr;
  (delayed_last_ == nullptr ? delayed_ : delayed_last_->next_delayed) = &connection;
  delayed_last_ = &connection;
}

// Those whose time has come, if no answer has come before. Each that was in the list is looked at once: one whose
// answer came may wait with what came after it.
void Tcp::send_delayed() {
  const uint64_t now = core_.loop.now_ms();
  uint64_t next = UINT64_MAX;
  TcpConnection *list = std::exchange(delayed_, nullptr);
  delayed_last_ = nullptr;
  while (list != nullptr) {
    TcpConnection &connection = *list;
    list = connection.next_delayed;
    connection.delayed = false;
    if (connection.state == TcpState::dead) {
      if (!connection.pending) destroy(connection);
      continue;
    }
    if (!connection.ack_waits) continue;
    const uint64_t waited = now - connection.ack_waits_since_ms;
    if (waited >= kAckDelayMs) {
      send_ack(connection);
    } else {
      enlist_delayed(connection);
      next = std::min(next, kAckDelayMs - waited);
    }
  }
  if (delayed_ != nullptr) core_.loop.arm(*this, next);
}

// No longer half open: established, or gone.
void Tcp::note_settled(TcpConnection &connection) {
  if (!connection.half_open) return;
  connection.half_open = false;
  --half_open_.of(connection.key.source);
}

// Both directions have ended, and both sides know it.
void Tcp::finish_if_done(TcpConnection &connection) {
  if (connection.state != TcpState::open || !connection.fin_acked || !connection.host_shut) return;
  // Our last ACK may get lost; then the container repeats its FIN.
  connection.state = TcpState::lingering;
  arm_timer(connection);
  connection.settling = true;
  connection.next_settling = nullptr;
  (settling_last_ == nullptr ? settling_ : settling_last_->next_settling) = &connection;
  settling_last_ = &connection;
  core_.loop.note_idle_work();
  // The container's next connection is likely to be on its way.
  core_.loop.expect_answer();
  if (++settling_count_ > kMostSettling) settle(*settling_);
}

// Nobody waits for the last acknowledgement, nor for the host's socket to be closed.
bool Tcp::idle_step() {
  if (settling_ == nullptr) return false;
  if (settling_->need_ack) {
    send_ack(*settling_);
  } else {
    settle(*settling_);
  }
  return true;
}

void Tcp::settle(TcpConnection &connection) {
  if (connection.need_ack) send_ack(connection);
  discard_acknowledged(connection);
  forget_settling(connection);
  close_host(connection);
}

void Tcp::forget_settling(TcpConnection &connection) {
  if (!connection.settling) return;
  connection.settling = false;
  --settling_count_;
  TcpConnection *before = nullptr;
  TcpConnection *at = settling_;
  for (; at != &connection; at = at->next_settling) before = at;
  (before == nullptr ? settling_ : before->next_settling) = connection.next_settling;
  if (settling_last_ == &connection) settling_last_ = before;
}

// The host's side failed, or we cannot go on: the container sees a reset.
void Tcp::reset(TcpConnection &connection) {
  send_reset(connection.key, connection.snd_max, connection.rcv_nxt, kTcpRst | kTcpAck);
  abort_host(connection);
  remove(connection);
}

// The other host sees a reset. #syscalls: setsockopt
void Tcp::abort_host(TcpConnection &connection) {
  // What has ended in order stays so.
  if (!connection.fd || connection.settling) return;
  reset_on_close(connection.fd.get());
  close_host(connection);
}

// #syscalls: close
void Tcp::close_host(TcpConnection &connection) {
  core_.loop.closing(connection);
  connection.fd.reset();
}

void Tcp::remove(TcpConnection &connection) {
  if (connection.settling) settle(connection);
  if (connection.fd) close_host(connection);
  core_.loop.disarm(connection);
  connection.spill.clear(core_.spill);
  connection.early.clear(core_.spill);
  table_.remove(connection);
  note_settled(connection);
  --per_source_.of(connection.key.source);
  --core_.counters.tcp_connections;
  connection.state = TcpState::dead;
  // Freed there: it may still be part of this turn's batch of events.
  note_pending(connection);
}

void Tcp::forget_source(const IpAddress &source) {
  pool_.for_each([&](TcpConnection &connection) {
    if (connection.state != TcpState::dead && connection.key.source == source) drop(connection);
  });
}

}  // namespace sampan::net
