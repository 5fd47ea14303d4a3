// SPDX-License-Identifier: Apache-2.0
#include "addon/net/tcp_handover.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "addon/net/ip_address.h"
#include "addon/sys/network_namespace.h"

namespace sampan::net {

namespace {

// RFC 9293 3.1, RFC 7323, RFC 2018: kinds of options.
constexpr uint32_t kOptionMss = 2;
constexpr uint32_t kOptionScale = 3;
constexpr uint32_t kOptionSackPermitted = 4;
constexpr uint8_t kMaxScale = 14;
constexpr uint16_t kSmallestMss = 64;
// More than the largest window that a header can say.
constexpr uint32_t kMaxWindow = uint32_t{1} << 30;

class Repair {
 public:
  explicit Repair(int socket) : socket_(socket) {}

  template <typename Value>
  void set(int level, int name, const Value &value, const char *what) {
    if (outcome_ && ::setsockopt(socket_, level, name, &value, sizeof value) != 0)
      outcome_ = last_error("setsockopt", what);
  }
  void tcp(int name, int value, const char *what) { set(IPPROTO_TCP, name, value, what); }
  void socket(int name, int value, const char *what) { set(SOL_SOCKET, name, value, what); }
  void note(int result, const char *call) {
    if (outcome_ && result != 0) outcome_ = last_error(call);
  }
  const Status &outcome() const { return outcome_; }

 private:
  int socket_;
  Status outcome_;
};

// #syscalls: setsockopt bind connect
Status connect_silently(int fd, const TcpHandover &handover) {
  const SocketAddress other(handover.key.destination, handover.key.destination_port);
  const SocketAddress container(handover.key.source, handover.key.source_port);
  Repair repair(fd);
  if (handover.key.source.is_v4()) {
    repair.set(IPPROTO_IP, IP_TRANSPARENT, int{1}, "IP_TRANSPARENT");
  } else {
    repair.set(IPPROTO_IPV6, IPV6_TRANSPARENT, int{1}, "IPV6_TRANSPARENT");
  }
  repair.tcp(TCP_REPAIR, TCP_REPAIR_ON, "TCP_REPAIR");
  repair.tcp(TCP_REPAIR_QUEUE, TCP_SEND_QUEUE, "TCP_REPAIR_QUEUE");
  repair.tcp(TCP_QUEUE_SEQ, static_cast<int>(handover.snd_nxt), "TCP_QUEUE_SEQ");
  repair.tcp(TCP_REPAIR_QUEUE, TCP_RECV_QUEUE, "TCP_REPAIR_QUEUE");
  repair.tcp(TCP_QUEUE_SEQ, static_cast<int>(handover.rcv_nxt), "TCP_QUEUE_SEQ");
  repair.tcp(TCP_REPAIR_QUEUE, TCP_NO_QUEUE, "TCP_REPAIR_QUEUE");
  // Many connections have the same other end: in repair mode the address may be taken.
  if (repair.outcome()) repair.note(::bind(fd, &other.any, other.length), "bind");
  if (repair.outcome()) repair.note(::connect(fd, &container.any, container.length), "connect");
  return repair.outcome();
}

// #syscalls: setsockopt
Status restore(int fd, const TcpHandover &handover) {
  Repair repair(fd);
  const struct tcp_repair_opt options[] = {
      {kOptionMss, handover.mss},
      {kOptionScale, uint32_t{handover.rcv_scale} << 16 | handover.snd_scale},
      {kOptionSackPermitted, 0},
  };
  const auto size = static_cast<socklen_t>(handover.sack != 0 ? sizeof options : 2 * sizeof options[0]);
  repair.note(::setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, options, size), "setsockopt TCP_REPAIR_OPTIONS");
  struct tcp_repair_window window = {};
  window.snd_wl1 = handover.snd_wl1;
  window.snd_wnd = handover.snd_wnd;
  window.max_window = handover.snd_wnd;
  window.rcv_wnd = handover.rcv_wnd;
  window.rcv_wup = handover.rcv_nxt;
  repair.set(IPPROTO_TCP, TCP_REPAIR_WINDOW, window, "TCP_REPAIR_WINDOW");
  // As the stack had it: urgent data in band; whose container has vanished goes.
  repair.socket(SO_OOBINLINE, 1, "SO_OOBINLINE");
  repair.socket(SO_KEEPALIVE, 1, "SO_KEEPALIVE");
  // Whoever holds it may be killed: that must not look like the end of the data.
  repair.set(SOL_SOCKET, SO_LINGER, linger{1, 0}, "SO_LINGER");
  return repair.outcome();
}

// Asks the container for its window and tells ours. #syscalls: setsockopt
Status bring_to_life(int fd) {
  Repair repair(fd);
  repair.tcp(TCP_REPAIR, TCP_REPAIR_OFF, "TCP_REPAIR");
  // The end of repair mode took that back.
  repair.socket(SO_REUSEADDR, 1, "SO_REUSEADDR");
  repair.socket(SO_MARK, static_cast<int>(kHandedOverMark), "SO_MARK");
  Status outcome = repair.outcome();
  if (!outcome) outcome = Error{ECONNABORTED, outcome.error().call, outcome.error().subject};
  return outcome;
}

}  // namespace

Status validate(const TcpHandover &handover) {
  const FlowKey &key = handover.key;
  const bool addresses = key.source.is_v4() == key.destination.is_v4() && key.source_port != 0 &&
                         key.destination_port != 0 && key.link == 0;
  const bool options =
      handover.mss >= kSmallestMss && handover.snd_scale <= kMaxScale && handover.rcv_scale <= kMaxScale;
  if (addresses && options && handover.rcv_wnd <= kMaxWindow && handover.snd_wnd <= kMaxWindow) return {};
  return Error{EINVAL, "hand over", "connection"};
}

// #syscalls: socket
Result<unique_fd> open_handed_over(int network_namespace, const TcpHandover &handover) {
  unique_fd socket;
  auto made = sys::in_network_namespace(network_namespace, [&]() -> Status {
    const int family = handover.key.source.is_v4() ? AF_INET : AF_INET6;
    socket.reset(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return last_error("socket");
    // Closed in repair mode, it goes without a word.
    if (auto connected = connect_silently(socket.get(), handover); !connected) return connected;
    if (auto restored = restore(socket.get(), handover); !restored) return restored;
    return bring_to_life(socket.get());
  });
  if (!made) return made.error();
  return socket;
}

}  // namespace sampan::net
