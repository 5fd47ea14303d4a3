// SPDX-License-Identifier: Apache-2.0
#include "addon/net/inner_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "addon/net/tcp_options.h"
#include "addon/sys/network_namespace.h"

namespace sampan::net {

namespace {

// IP_TRANSPARENT takes CAP_NET_ADMIN in the user namespace of the network.
// #syscalls: socket setsockopt
Result<unique_fd> open_transparent(int family, int type) {
  unique_fd socket(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return last_error("socket");
  const int on = 1;
  const int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  const int option = family == AF_INET ? IP_TRANSPARENT : IPV6_TRANSPARENT;
  if (::setsockopt(socket.get(), level, option, &on, sizeof on) != 0) return last_error("setsockopt", "IP_TRANSPARENT");
  // Two published ports may have the same client at the same time. The kernel then keeps apart what connects; for
  // datagrams it would not (socket(7): even a port that it chooses itself may be another socket's).
  if (type == SOCK_STREAM && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
    return last_error("setsockopt", "SO_REUSEADDR");
  if (type == SOCK_STREAM) keep_urgent_data(socket.get());
  return socket;
}

}  // namespace

Result<unique_fd> InnerSockets::take(int family, int type) {
  Shelf &shelf = shelves_[(family == AF_INET6 ? 1 : 0) + (type == SOCK_DGRAM ? 2 : 0)];
  if (shelf.count == 0) {
    if (auto filled = fill(shelf, family, type); !filled) return filled.error();
  }
  return std::move(shelf.sockets[--shelf.count]);
}

Status InnerSockets::fill(Shelf &shelf, int family, int type) {
  Status opened = source_.open(family, type, std::span(shelf.sockets, shelf.batch), &shelf.count);
  // One is enough for now, when descriptors are short.
  if (!opened && shelf.count == 0) return opened;
  shelf.batch = std::min(shelf.batch * 2, kMost);
  return {};
}

Status open_inner_sockets(int network_namespace, int family, int type, std::span<unique_fd> sockets, size_t *opened) {
  return sys::in_network_namespace(network_namespace, [&]() -> Status {
    while (*opened < sockets.size()) {
      auto socket = open_transparent(family, type);
      if (!socket) return socket.error();
      sockets[(*opened)++] = socket.take();
    }
    return {};
  });
}

}  // namespace sampan::net
