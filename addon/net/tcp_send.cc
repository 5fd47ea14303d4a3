// SPDX-License-Identifier: Apache-2.0
// Segments to the container.
#include <algorithm>
#include <cerrno>

#include "addon/net/bytes.h"
#include "addon/net/quoted_packet.h"
#include "addon/net/tcp.h"

namespace sampan::net {

namespace {

constexpr uint32_t kMinWindow = 64 * 1024;
// An update is worth a segment when the window has grown by so much.
constexpr uint32_t kWorthUpdate = 256 * 1024;
constexpr int kFramesPerTurn = 4;

}  // namespace

// What may wait for one connection.
uint32_t Tcp::window_limit(const TcpConnection &connection) const {
  return static_cast<uint32_t>(std::clamp<size_t>(core_.spill.share(connection.key.source), kMinWindow, kMaxWindow));
}

// The window that could be announced now.
uint32_t Tcp::free_window(const TcpConnection &connection) const {
  const uint32_t limit = window_limit(connection);
  const auto waiting = static_cast<uint32_t>(connection.spill.size());
  // RFC 1122 4.2.3.3: nothing rather than a little.
  return waiting < limit && limit - waiting >= core_.link.mtu() ? limit - waiting : 0;
}

bool Tcp::window_has_grown(const TcpConnection &connection) const {
  const uint32_t announced = connection.rcv_adv - connection.rcv_nxt;
  const uint32_t now = free_window(connection);
  return now > announced &&
         (announced < core_.link.mtu() || now - announced >= std::min(kWorthUpdate, window_limit(connection) / 2));
}

uint16_t Tcp::announce_window(TcpConnection &connection) {
  const uint32_t unit = uint32_t{1} << connection.rcv_scale;
  // RFC 9293 3.8.6: the right edge never moves back.
  const uint32_t announced =
      seq_before(connection.rcv_nxt, connection.rcv_adv) ? connection.rcv_adv - connection.rcv_nxt : 0;
  const uint32_t window = std::max(free_window(connection), announced);
  const uint32_t field = std::min((window + unit - 1) >> connection.rcv_scale, 0xFFFFU);
  connection.rcv_adv = connection.rcv_nxt + (field << connection.rcv_scale);
  connection.rcv_acked = connection.rcv_nxt;
  connection.need_ack = false;
  connection.ack_waits = false;
  return static_cast<uint16_t>(field);
}

// Sends the segment with what lies in frame_out as its payload.
void Tcp::transmit(TcpConnection &connection, TcpSegment &segment, size_t payload_size) {
  if (payload_size != 0) connection.answered = true;
  segment.source_port = connection.key.destination_port;
  segment.destination_port = connection.key.source_port;
  segment.ack = connection.rcv_nxt;
  segment.flags |= kTcpAck;
  segment.window = announce_window(connection);
  // With data it would be an option too many: the segment has no room for it.
  if (connection.early.size() != 0 && connection.sack && payload_size == 0) {
    segment.sack_left = connection.early_seq;
    segment.sack_right = connection.early_seq + static_cast<uint32_t>(connection.early.size());
  }
  uint8_t *header = core_.frame_out.payload() - tcp_header_size(segment);
  write_tcp_header(segment, header);
  PacketOut out;
  out.source = connection.key.destination;
  out.destination = connection.key.source;
  out.protocol = IPPROTO_TCP;
  out.checksum_offset = kTcpChecksumOffset;
  out.transport_header_size = static_cast<uint16_t>(tcp_header_size(segment));
  if (payload_size > connection.mss) {
    out.gso_type = out.source.is_v4() ? VnetHeader::kGsoTcpV4 : VnetHeader::kGsoTcpV6;
    out.gso_size = connection.mss;
  }
  core_.link.send(out, header, tcp_header_size(segment) + payload_size);
}

// RFC 9293 3.7.1: what our own link takes, both ways.
uint16_t Tcp::own_mss(const FlowKey &key) const {
  const uint32_t headers = key.source.is_v4() ? 40 : 60;
  return static_cast<uint16_t>(std::min<uint32_t>(core_.link.mtu(), 65535) - headers);
}

void Tcp::send_syn_ack(TcpConnection &connection) {
  const uint8_t scale = connection.rcv_scale;
  TcpSegment segment;
  segment.flags = kTcpSyn;
  segment.seq = connection.snd_una;
  segment.mss = own_mss(connection.key);
  if (scale != 0) segment.window_scale = scale;
  segment.sack_permitted = connection.sack;
  // RFC 7323 2.2: the window of a SYN is never scaled.
  connection.rcv_scale = 0;
  transmit(connection, segment, 0);
  connection.rcv_scale = scale;
}

void Tcp::repeat_syn_ack(TcpConnection &connection) {
  connection.timing = false;  // Karn: which of the two would be acknowledged?
  send_syn_ack(connection);
}

// After going back SND.NXT lies before what the container expects, which would not look at the segment.
void Tcp::send_ack(TcpConnection &connection) {
  TcpSegment segment;
  segment.seq = connection.snd_max;
  transmit(connection, segment, 0);
}

// Something old, which must be answered with an acknowledgement and the present window.
void Tcp::send_probe(TcpConnection &connection) {
  TcpSegment segment;
  segment.seq = connection.snd_una - 1;
  transmit(connection, segment, 0);
}

void Tcp::send_fin(TcpConnection &connection) {
  TcpSegment segment;
  segment.flags = kTcpFin;
  segment.seq = connection.snd_nxt;
  transmit(connection, segment, 0);
  note_fin_sent(connection);
}

void Tcp::note_fin_sent(TcpConnection &connection) {
  // An end is mostly answered by an end.
  core_.loop.expect_answer();
  ++connection.snd_nxt;
  connection.fin_sent = true;
  connection.fin_known = true;
  connection.fin_end = connection.snd_nxt;
  if (seq_before(connection.snd_max, connection.snd_nxt)) connection.snd_max = connection.snd_nxt;
}

void Tcp::send_reset(const FlowKey &key, uint32_t seq, uint32_t ack, uint8_t flags) {
  TcpSegment segment;
  segment.source_port = key.destination_port;
  segment.destination_port = key.source_port;
  segment.seq = seq;
  segment.ack = ack;
  segment.flags = flags;
  uint8_t *header = core_.frame_out.payload() - kTcpHeaderSize;
  write_tcp_header(segment, header);
  PacketOut out;
  out.source = key.destination;
  out.destination = key.source;
  out.protocol = IPPROTO_TCP;
  out.checksum_offset = kTcpChecksumOffset;
  out.transport_header_size = kTcpHeaderSize;
  core_.link.send(out, header, kTcpHeaderSize);
}

// An ICMP error about the container's SYN, of which only what matters is quoted: addresses, ports, number.
void Tcp::report_failed_syn(TcpConnection &connection, int number) {
  QuotedPacket quoted(connection.key, IPPROTO_TCP);
  store32(quoted.transport() + 4, connection.rcv_nxt - 1);
  core_.send_error(icmp_error_of_errno(number), quoted.packet());
}

// How much the container's window lets us send in one frame.
size_t Tcp::sendable(const TcpConnection &connection) const {
  const uint32_t window = std::min(connection.snd_wnd, connection.cwnd);
  const uint32_t flight = connection.in_flight();
  if (window <= flight) return 0;
  const size_t mss = connection.mss;
  const size_t size = std::min<size_t>(window - flight, kMaxPayload / mss * mss);
  // RFC 1122 4.2.3.4: no small segment only because the window is nearly full.
  return size < mss && flight != 0 ? 0 : size;
}

// Peeks and sends; returns as recv(2). The sequence number follows from the offset.
ssize_t Tcp::send_data(TcpConnection &connection, uint32_t offset, size_t size) {
  const ssize_t count = peek_host(connection, connection.undiscarded + offset, core_.frame_out.payload(), size);
  if (count <= 0) return count;
  const auto payload_size = static_cast<size_t>(count);
  send_payload(connection, offset, payload_size, payload_size < size ? kTcpPsh : 0);
  return count;
}

// The same for what was never sent, with the end when that is all there is: the kernel had the end before it was asked
// for the data, so less than was asked for is the rest.
ssize_t Tcp::send_next(TcpConnection &connection, size_t size) {
  const uint32_t offset = connection.in_flight();
  const bool is_closing = connection.host_closing && !connection.host_urgent;
  const ssize_t count = peek_host(connection, connection.undiscarded + offset, core_.frame_out.payload(), size);
  if (count <= 0) return count;
  const auto payload_size = static_cast<size_t>(count);
  const bool is_short = payload_size < size;
  const bool is_last = is_short && is_closing;
  send_payload(connection, offset, payload_size, (is_short ? kTcpPsh : 0) | (is_last ? kTcpFin : 0));
  note_sent(connection, static_cast<uint32_t>(payload_size));
  connection.host_eof = is_last;
  if (is_last) note_fin_sent(connection);
  return count;
}

void Tcp::send_payload(TcpConnection &connection, uint32_t offset, size_t size, uint8_t flags) {
  TcpSegment segment;
  segment.seq = connection.snd_una + offset;
  segment.flags = flags;
  transmit(connection, segment, size);
}

// Passes on what the host has sent. True: there is more, and the container can take it.
bool Tcp::pump(TcpConnection &connection) {
  if (connection.state != TcpState::open) return false;
  if (connection.undiscarded != 0 && is_discard_due(connection)) discard_acknowledged(connection);
  if (connection.host_eof) {
    // An error behind the end: when the container has all that came before, there is nothing left to wait for.
    if (connection.host_ended && !connection.host_closing && connection.snd_una == connection.snd_max)
      reset(connection);
    return false;
  }
  if (!connection.readable || connection.resting) return false;
  for (int i = 0; i < kFramesPerTurn; ++i) {
    const size_t size = sendable(connection);
    if (size == 0) {
      arm_timer(connection);
      return false;
    }
    const ssize_t count = send_next(connection, size);
    if (count > 0) {
      if (count < connection.mss) core_.loop.expect_answer();
      const bool may_be_more = static_cast<size_t>(count) == size || connection.host_ended || connection.host_urgent;
      if (may_be_more && !connection.host_eof) continue;
    } else if (count == 0) {
      connection.host_eof = true;
      send_fin(connection);
    } else if (errno != EAGAIN) {
      reset(connection);
      return false;
    }
    connection.readable = false;
    if (connection.undiscarded != 0 && is_discard_due(connection)) discard_acknowledged(connection);
    arm_timer(connection);
    return false;
  }
  arm_timer(connection);
  return true;
}

void Tcp::note_sent(TcpConnection &connection, uint32_t count) {
  connection.snd_nxt += count;
  note_moved(connection, count);
  if (!seq_before(connection.snd_max, connection.snd_nxt)) return;
  connection.snd_max = connection.snd_nxt;
  if (connection.timing) return;
  connection.timing = true;
  connection.timed_seq = connection.snd_nxt;
  connection.timed_at_ms = core_.loop.now_ms();
}

// The first frame that is not acknowledged, once more.
void Tcp::retransmit_first(TcpConnection &connection) {
  ++core_.counters.retransmits;
  connection.timing = false;  // Karn: which of the two would be acknowledged?
  const uint32_t data = connection.in_flight() - (connection.fin_sent ? 1U : 0U);
  if (data != 0) {
    send_data(connection, 0, std::min<size_t>(data, kMaxPayload / connection.mss * size_t{connection.mss}));
  } else if (connection.fin_sent) {
    --connection.snd_nxt;
    send_fin(connection);
  }
}

// After a time-out: everything from SND.UNA on, slowly at first.
void Tcp::go_back(TcpConnection &connection) {
  ++core_.counters.retransmits;
  connection.timing = false;
  connection.recovering = false;
  connection.resting = false;
  connection.duplicate_acks = 0;
  connection.ssthresh = std::max(connection.in_flight() / 2, uint32_t{2} * connection.mss);
  connection.cwnd = connection.mss;
  connection.snd_nxt = connection.snd_una;
  connection.fin_sent = false;
  connection.host_eof = false;
  connection.readable = true;
  note_pending(connection);
}

}  // namespace sampan::net
