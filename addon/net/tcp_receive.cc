// SPDX-License-Identifier: Apache-2.0
// Segments from the container (RFC 9293 3.10.7, RFC 5961).
#include <algorithm>

#include "addon/net/tcp.h"

namespace sampan::net {

namespace {

// An acknowledgement is not held back until the turn's end when so much came at once: the container would stall.
constexpr uint32_t kAckAtOnce = 256 * 1024;
constexpr uint8_t kDuplicatesForLoss = 3;

}  // namespace

void Tcp::receive_segment(TcpConnection &connection, const TcpSegment &segment) {
  connection.active_ms = core_.loop.now_ms();
  if (segment.has(kTcpRst)) return receive_reset(connection, segment);
  if (segment.has(kTcpSyn)) return receive_syn(connection, segment);
  // In SYN_SENT the container has nothing to say but SYN or RST.
  if (connection.state == TcpState::connecting || !segment.has(kTcpAck)) return;
  if (connection.state == TcpState::lingering) {
    if (segment.length() != 0) send_ack(connection);
    return;
  }
  if (!is_acceptable(connection, segment)) {
    note_keepalive(connection, segment);
    connection.need_ack = true;
    note_pending(connection);
    // What it acknowledges may still be right.
    if (connection.state == TcpState::open && segment.payload.empty()) receive_ack(connection, segment);
    return;
  }
  if (!receive_ack(connection, segment)) return;
  receive_data(connection, segment);
}

// RFC 9293 3.10.7.4: does the segment touch the window?
bool Tcp::is_acceptable(const TcpConnection &connection, const TcpSegment &segment) const {
  const uint32_t end = segment.seq + segment.length();
  const uint32_t window_end =
      seq_before(connection.rcv_adv, connection.rcv_nxt) ? connection.rcv_nxt : connection.rcv_adv;
  if (segment.length() == 0)
    return seq_not_after(connection.rcv_nxt, segment.seq) && seq_not_after(segment.seq, window_end);
  return seq_before(connection.rcv_nxt, end) && seq_before(segment.seq, window_end);
}

// RFC 5961 3.2: only the exact number resets; a guess inside the window is answered with a challenge.
void Tcp::receive_reset(TcpConnection &connection, const TcpSegment &segment) {
  if (connection.state == TcpState::connecting || segment.seq == connection.rcv_nxt) {
    abort_host(connection);
    remove(connection);
  } else if (connection.state != TcpState::lingering && is_acceptable(connection, segment)) {
    send_ack(connection);
  }
}

void Tcp::receive_syn(TcpConnection &connection, const TcpSegment &segment) {
  switch (connection.state) {
    case TcpState::accepting:
      // Our SYN-ACK was lost.
      if (segment.seq + 1 == connection.rcv_nxt) return repeat_syn_ack(connection);
      return send_ack(connection);
    case TcpState::open:
    case TcpState::lingering:
      return send_ack(connection);
    case TcpState::connecting:
      // Repeated; or a new attempt with the same ports, in the place of the old one.
      return take_syn(connection, segment);
    case TcpState::promoted:
    case TcpState::dead:
      return;
  }
}

// False: the segment is to be dropped.
bool Tcp::receive_ack(TcpConnection &connection, const TcpSegment &segment) {
  if (connection.state == TcpState::accepting) {
    if (segment.ack != connection.snd_nxt) {
      send_reset(connection.key, segment.ack, 0, kTcpRst);
      return false;
    }
    measure_round_trip(connection, segment.ack);
    connection.snd_una = segment.ack;
    connection.snd_wl1 = segment.seq - 1;
    connection.state = TcpState::open;
    connection.tries = 0;
    note_settled(connection);
  }
  if (seq_before(connection.snd_max, segment.ack)) {
    send_ack(connection);
    return false;
  }
  const uint32_t window = static_cast<uint32_t>(segment.window) << connection.snd_scale;
  if (segment.ack == connection.snd_una) count_duplicate(connection, segment, window);
  if (seq_not_after(connection.snd_una, segment.ack) &&
      (seq_before(connection.snd_wl1, segment.seq) ||
       (connection.snd_wl1 == segment.seq && seq_not_after(connection.snd_wl2, segment.ack)))) {
    connection.snd_wnd = window;
    if (window != 0) connection.probes = 0;
    connection.snd_wl1 = segment.seq;
    connection.snd_wl2 = segment.ack;
  }
  if (seq_before(connection.snd_una, segment.ack)) {
    // In a conversation the next words acknowledge the last ones.
    if (segment.payload.empty()) connection.conversing = false;
    advance_una(connection, segment.ack);
  }
  // An answer is an answer, also to a probe of a closed window.
  if (connection.in_flight() == 0) connection.tries = 0;
  if (connection.readable || connection.resting || (connection.undiscarded != 0 && is_discard_due(connection)))
    note_pending(connection);
  finish_if_done(connection);
  if (connection.state == TcpState::open) arm_timer(connection);
  return connection.state == TcpState::open;
}

void Tcp::advance_una(TcpConnection &connection, uint32_t ack) {
  measure_round_trip(connection, ack);
  const uint32_t acked = ack - connection.snd_una;
  uint32_t data = acked;
  if (connection.fin_known && ack == connection.fin_end) {
    connection.fin_acked = true;
    connection.fin_sent = true;
    connection.host_eof = true;
    --data;
  }
  connection.undiscarded += data;
  connection.snd_una = ack;
  // After going back: what was sent before has arrived after all.
  if (seq_before(connection.snd_nxt, ack)) connection.snd_nxt = ack;
  connection.tries = 0;
  connection.duplicate_acks = 0;
  if (!connection.recovering) return grow_cwnd(connection, acked);
  if (seq_before(ack, connection.recover)) {
    // RFC 6582: a partial acknowledgement shows the next hole.
    retransmit_first(connection);
    return;
  }
  connection.recovering = false;
  connection.cwnd = connection.ssthresh;
}

void Tcp::grow_cwnd(TcpConnection &connection, uint32_t acked) {
  if (connection.cwnd >= kMaxFlight) return;
  const uint64_t mss = connection.mss;
  const uint64_t more = connection.cwnd < connection.ssthresh ? acked : mss * acked / connection.cwnd + 1;
  connection.cwnd = static_cast<uint32_t>(std::min<uint64_t>(connection.cwnd + more, kMaxFlight));
}

// RFC 5681 3.2.
void Tcp::count_duplicate(TcpConnection &connection, const TcpSegment &segment, uint32_t window) {
  if (connection.in_flight() == 0 || segment.length() != 0 || window != connection.snd_wnd) return;
  if (connection.recovering) {
    connection.cwnd = std::min(connection.cwnd + connection.mss, kMaxFlight);
    return;
  }
  if (++connection.duplicate_acks < kDuplicatesForLoss) return;
  connection.duplicate_acks = 0;
  connection.ssthresh = std::max(connection.in_flight() / 2, uint32_t{2} * connection.mss);
  connection.cwnd = connection.ssthresh + uint32_t{kDuplicatesForLoss} * connection.mss;
  connection.recover = connection.snd_max;
  connection.recovering = true;
  retransmit_first(connection);
}

// RFC 9293 3.8.4: a probe lies before the window. Who asks wants to know about the whole path.
void Tcp::note_keepalive(TcpConnection &connection, const TcpSegment &segment) {
  if (connection.state != TcpState::open || connection.keepalive || segment.seq + 1 != connection.rcv_nxt) return;
  if (segment.payload.size() > 1 || segment.has(kTcpFin)) return;
  connection.keepalive = true;
  enable_host_keepalive(connection);
}

void Tcp::receive_data(TcpConnection &connection, const TcpSegment &segment) {
  if (segment.length() == 0) return;
  connection.need_ack = true;
  connection.conversing = connection.answered;
  connection.answered = false;
  if (segment.payload.size() < connection.mss) core_.loop.expect_answer();
  note_pending(connection);
  if (connection.fin_received) return;
  // The acknowledgement repeats what is expected, at once: three make the container send it again.
  if (seq_before(connection.rcv_nxt, segment.seq)) {
    keep_early(connection, segment);
    return send_ack(connection);
  }
  const size_t seen = connection.rcv_nxt - segment.seq;
  std::span<const uint8_t> data = segment.payload.subspan(std::min(seen, segment.payload.size()));
  data = data.first(std::min<size_t>(data.size(), connection.rcv_adv - connection.rcv_nxt));
  const size_t taken = data.empty() ? 0 : deliver(connection, data);
  if (connection.state != TcpState::open) return;
  connection.rcv_nxt += static_cast<uint32_t>(taken);
  note_moved(connection, static_cast<uint32_t>(taken));
  if (segment.has(kTcpFin) && connection.rcv_nxt == segment.seq + static_cast<uint32_t>(segment.payload.size()))
    return receive_fin(connection);
  if (connection.early.size() != 0 && !take_early(connection)) return;
  if (connection.rcv_nxt - connection.rcv_acked >= kAckAtOnce) send_ack(connection);
}

void Tcp::receive_fin(TcpConnection &connection) {
  ++connection.rcv_nxt;
  connection.fin_received = true;
  connection.early.clear(core_.spill);
  shut_host_if_done(connection);
  finish_if_done(connection);
}

// Keeps a segment that lies behind a gap, when it continues what is kept already.
void Tcp::keep_early(TcpConnection &connection, const TcpSegment &segment) {
  const auto kept = static_cast<uint32_t>(connection.early.size());
  if (kept == 0) {
    connection.early_seq = segment.seq;
    connection.early_fin = false;
  }
  const uint32_t end = connection.early_seq + kept;
  if (seq_before(end, segment.seq) || seq_before(segment.seq, connection.early_seq)) return;
  std::span<const uint8_t> data = segment.payload.subspan(std::min<size_t>(end - segment.seq, segment.payload.size()));
  const uint32_t room = seq_before(end, connection.rcv_adv) ? connection.rcv_adv - end : 0;
  const bool whole = data.size() <= room;
  data = data.first(std::min<size_t>(data.size(), room));
  if (!connection.early.append(core_.spill, connection.key.source, data)) return;
  if (whole && connection.early.size() != 0 && segment.has(kTcpFin)) connection.early_fin = true;
}

// The gap is closed: what was kept is delivered. False: that has ended the connection.
bool Tcp::take_early(TcpConnection &connection) {
  while (connection.early.size() != 0) {
    // What was sent again meanwhile.
    if (seq_before(connection.rcv_nxt, connection.early_seq)) return true;
    const size_t seen = std::min<size_t>(connection.rcv_nxt - connection.early_seq, connection.early.size());
    connection.early.consume(core_.spill, seen);
    connection.early_seq += static_cast<uint32_t>(seen);
    struct iovec part;
    if (connection.early.front(core_.spill, {&part, 1}) == 0) break;
    const size_t taken = deliver(connection, {static_cast<const uint8_t *>(part.iov_base), part.iov_len});
    if (connection.state != TcpState::open) return false;
    connection.rcv_nxt += static_cast<uint32_t>(taken);
    // No room: it will be sent again.
    if (taken != part.iov_len) {
      connection.early.clear(core_.spill);
      connection.early_fin = false;
      return true;
    }
  }
  if (!connection.early_fin || connection.rcv_nxt != connection.early_seq) return true;
  receive_fin(connection);
  return connection.state == TcpState::open;
}

}  // namespace sampan::net
