// SPDX-License-Identifier: Apache-2.0
// The host's socket of a connection.
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "addon/net/bytes.h"
#include "addon/net/tcp.h"
#include "addon/net/tcp_options.h"

namespace sampan::net {

namespace {

constexpr uint16_t kDefaultMssV4 = 536;  // RFC 9293 3.7.1
constexpr uint16_t kDefaultMssV6 = 1220;
constexpr uint16_t kSmallestMss = 64;
// Windows in units of 256 bytes, up to 16 MB.
constexpr uint8_t kOurScale = 8;

void set_option(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof value); }

}  // namespace

void Tcp::open(const Packet &packet, const TcpSegment &syn) {
  const Route route = core_.route(packet.destination, syn.destination_port);
  if (route.verdict != Verdict::allowed || syn.destination_port == 0 || syn.source_port == 0) {
    ++core_.counters.refused;
    if (route.verdict == Verdict::refused) refuse(packet, syn);
    if (route.verdict == Verdict::prohibited) core_.send_error({IcmpReason::prohibited}, packet);
    return;
  }
  const FlowKey key = {packet.source, packet.destination, syn.source_port, syn.destination_port};
  uint32_t &connections = per_source_.of(packet.source);
  uint32_t &half_open = half_open_.of(packet.source);
  // No answer: the container tries again, as with a full backlog.
  if (half_open >= core_.limits.tcp_half_open_per_source) {
    ++core_.counters.limited;
    return;
  }
  TcpConnection *made = connections < core_.limits.tcp_per_source ? pool_.make(*this, key) : nullptr;
  if (made == nullptr) {
    ++core_.counters.limited;
    return refuse(packet, syn);
  }
  ++connections;
  ++half_open;
  ++core_.counters.tcp_connections;
  table_.insert(*made);
  take_syn(*made, syn);
  made->snd_una = made->snd_nxt = made->snd_max = initial_sequence(key);
  made->active_ms = core_.loop.now_ms();
  made->cwnd = made->ssthresh = kMaxFlight;
  connect_host(*made, route);
}

// All that the container says of its end.
void Tcp::take_syn(TcpConnection &connection, const TcpSegment &syn) const {
  connection.rcv_nxt = connection.rcv_adv = connection.rcv_acked = syn.seq + 1;
  connection.snd_wnd = syn.window;
  const uint16_t given = syn.mss != 0 ? syn.mss : connection.key.source.is_v4() ? kDefaultMssV4 : kDefaultMssV6;
  connection.mss = std::min({std::max(given, kSmallestMss), kMaxPayload, own_mss(connection.key)});
  connection.sack = syn.sack_permitted;
  const bool scales = syn.window_scale != TcpSegment::kNoScale;
  connection.snd_scale = scales ? syn.window_scale : uint8_t{0};
  connection.rcv_scale = scales ? kOurScale : uint8_t{0};
}

// #syscalls: socket setsockopt connect epoll_ctl
void Tcp::connect_host(TcpConnection &connection, const Route &route) {
  const bool v4 = route.host_address.is_v4();
  connection.fd.reset(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int fd = connection.fd.get();
  if (fd < 0) return report_connect_failure(connection, errno);
  keep_urgent_data(fd);
  const SocketAddress address(route.host_address, connection.key.destination_port);
  if (::connect(fd, &address.any, address.length) == 0) {
    if (!watch_host(connection)) return report_connect_failure(connection, ENOMEM);
    return host_connected(connection);
  }
  if (errno != EINPROGRESS) return report_connect_failure(connection, errno);
  if (!watch_host(connection)) report_connect_failure(connection, ENOMEM);
}

// Once and for all: edges tell everything, so a connection costs one epoll_ctl in its life.
bool Tcp::watch_host(TcpConnection &connection) {
  return core_.loop.watch(connection, connection.fd.get(), EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

void Tcp::report_connect_failure(TcpConnection &connection, int number) {
  switch (number) {
    case ETIMEDOUT:
      // Nobody answered; the container's own timer shows it.
      break;
    case ECONNREFUSED:
    case ECONNRESET:
    case EADDRNOTAVAIL:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      send_reset(connection.key, 0, connection.rcv_nxt, kTcpRst | kTcpAck);
      break;
    default:
      report_failed_syn(connection, number);
  }
  abort_host(connection);
  remove(connection);
}

void Tcp::host_connected(TcpConnection &connection) {
  connection.state = TcpState::accepting;
  connection.snd_nxt = connection.snd_max = connection.snd_una + 1;
  connection.timing = true;
  connection.timed_seq = connection.snd_nxt;
  connection.timed_at_ms = core_.loop.now_ms();
  send_syn_ack(connection);
  core_.loop.expect_answer();
  arm_timer(connection);
}

void Tcp::host_ready(TcpConnection &connection, uint32_t events) {
  if (connection.state == TcpState::connecting) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
      const int number = pending_error(connection.fd.get());
      return report_connect_failure(connection, number == 0 ? ECONNRESET : number);
    }
    if ((events & EPOLLOUT) == 0) return;
    host_connected(connection);
  }
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) connection.host_ended = true;
  connection.host_closing = connection.host_ended && (events & EPOLLERR) == 0;
  if ((events & EPOLLPRI) != 0) connection.host_urgent = true;
  if (connection.host_ended || (events & (EPOLLIN | EPOLLPRI)) != 0) {
    connection.readable = true;
    note_pending(connection);
  }
  if ((events & EPOLLOUT) != 0 && connection.spill.size() != 0) flush_spill(connection);
}

// The container's kernel has made its own choice of what to send together. The first data goes at once in any case, and
// many connections have no second. #syscalls: setsockopt
void Tcp::prepare_send(TcpConnection &connection) {
  if (connection.nodelay) return;
  if (connection.host_sent) set_option(connection.fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  connection.nodelay = connection.host_sent;
  connection.host_sent = true;
}

// Returns how much was taken; the rest is not acknowledged and will come again. #syscalls: sendto
size_t Tcp::deliver(TcpConnection &connection, std::span<const uint8_t> data) {
  size_t sent = 0;
  if (connection.spill.size() == 0) {
    prepare_send(connection);
    const ssize_t count = ::send(connection.fd.get(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM) {
      reset(connection);
      return 0;
    }
    if (count > 0) sent = static_cast<size_t>(count);
  }
  if (sent == data.size()) return sent;
  // What was announced is kept, also when the limit has become smaller since; the pool has the last word.
  const size_t most = kMaxWindow + kWindowSlack;
  const size_t room = most - std::min(most, connection.spill.size());
  const std::span<const uint8_t> rest = data.subspan(sent, std::min(room, data.size() - sent));
  return connection.spill.append(core_.spill, connection.key.source, rest) ? sent + rest.size() : sent;
}

// #syscalls: sendmsg
void Tcp::flush_spill(TcpConnection &connection) {
  prepare_send(connection);
  while (connection.spill.size() != 0) {
    constexpr size_t kMaxParts = 32;
    struct iovec parts[kMaxParts];
    struct msghdr message = {};
    message.msg_iov = parts;
    message.msg_iovlen = connection.spill.front(core_.spill, parts);
    const ssize_t count = ::sendmsg(connection.fd.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) {
      if (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM) reset(connection);
      break;
    }
    connection.spill.consume(core_.spill, static_cast<size_t>(count));
  }
  if (connection.state != TcpState::open) return;
  shut_host_if_done(connection);
  finish_if_done(connection);
  if (connection.state == TcpState::open && window_has_grown(connection)) send_ack(connection);
}

// The container's end follows its last data. #syscalls: shutdown
void Tcp::shut_host_if_done(TcpConnection &connection) {
  if (!connection.fin_received || connection.host_shut || connection.spill.size() != 0) return;
  // When the host has ended too, closing tells it the same.
  if (!connection.fin_acked) ::shutdown(connection.fd.get(), SHUT_WR);
  connection.host_shut = true;
}

bool Tcp::has_peek_offset(const TcpConnection &connection) const {
  return connection.key.destination.is_v4() ? peek_offset_v4_ : peek_offset_v6_;
}

// Each time the queue gets room the other end hears of it and sends, in our time: so seldom, as long as there is more
// to pass on, and in a conversation also when there is not.
bool Tcp::is_discard_due(const TcpConnection &connection) const {
  constexpr uint32_t kMuch = 256 * 1024;
  constexpr uint32_t kWorthDiscard = 16384;
  // Each may be a buffer of its own, and the kernel goes past all of them to what comes next.
  constexpr uint8_t kMostKept = 16;
  if (connection.host_ended || connection.host_urgent || !has_peek_offset(connection)) return true;
  if (connection.readable) return connection.undiscarded >= kMuch;
  return connection.undiscarded >= kWorthDiscard || connection.kept_answers >= kMostKept || !connection.conversing;
}

// Copies what follows `offset` bytes of the socket's queue. As recv(2). #syscalls: setsockopt recvfrom recvmsg
ssize_t Tcp::peek_host(TcpConnection &connection, uint32_t offset, uint8_t *buffer, size_t size) {
  const int fd = connection.fd.get();
  if (has_peek_offset(connection)) {
    // Without the option the kernel begins at the first byte.
    if (offset != connection.peek_offset) {
      set_option(fd, SOL_SOCKET, SO_PEEK_OFF, static_cast<int>(offset));
      connection.peek_offset = offset;
      connection.peek_armed = true;
    }
    const ssize_t count = ::recv(fd, buffer, size, MSG_PEEK | MSG_DONTWAIT);
    if (count > 0 && connection.peek_armed) connection.peek_offset += static_cast<uint32_t>(count);
    if (count > 0 && connection.kept_answers < UINT8_MAX) ++connection.kept_answers;
    return count;
  }
  // Older kernels: what precedes is copied too, and thrown away.
  constexpr size_t kMaxParts = kMaxFlight / FrameBuffer::kCapacity + 3;
  struct iovec parts[kMaxParts];
  size_t count = 0;
  size_t left = offset;
  for (; left != 0 && count + 1 < kMaxParts; ++count) {
    parts[count] = {core_.waste.payload(), std::min(left, FrameBuffer::kCapacity)};
    left -= parts[count].iov_len;
  }
  parts[count++] = {buffer, size};
  struct msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  const ssize_t copied = ::recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT);
  if (copied < 0 || offset == 0) return copied;
  if (copied > static_cast<ssize_t>(offset)) return copied - static_cast<ssize_t>(offset);
  errno = connection.host_ended && !connection.host_urgent ? pending_error(fd) : EAGAIN;
  return errno == 0 ? 0 : -1;
}

// MSG_TRUNC, tcp(7): takes bytes from the queue without copying them. #syscalls: recvfrom
void Tcp::discard_acknowledged(TcpConnection &connection) {
  connection.kept_answers = 0;
  while (connection.undiscarded != 0) {
    const ssize_t count = ::recv(connection.fd.get(), nullptr, connection.undiscarded, MSG_TRUNC | MSG_DONTWAIT);
    if (count <= 0) return;
    const auto gone = static_cast<uint32_t>(count);
    connection.undiscarded -= gone;
    // The kernel moves its offset along.
    connection.peek_offset -= std::min(gone, connection.peek_offset);
    // Peeking from the first byte on ends at the mark of urgent data until what precedes it has gone.
    if (connection.host_urgent && !has_peek_offset(connection)) connection.readable = true;
  }
}

// #syscalls: setsockopt
void Tcp::enable_host_keepalive(TcpConnection &connection) {
  set_option(connection.fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
}

}  // namespace sampan::net
