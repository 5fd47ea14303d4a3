// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace sampan::net {

// tcp(7), TCP_NODELAY: small messages go at once; who sent them has waited already.
inline void send_at_once(int socket) {
  const int on = 1;
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// socket(7), SO_OOBINLINE: urgent data stays in its place among the rest, rather than being left out.
inline void keep_urgent_data(int socket) {
  const int on = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
}

// socket(7), SO_LINGER: the connection is reset when it is closed, and what is unsent is thrown away.
inline void reset_on_close(int socket, bool reset = true) {
  const struct linger now = {.l_onoff = reset ? 1 : 0, .l_linger = 0};
  (void)::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

// socket(7), SO_ERROR: what became of the socket, told once.
inline int pending_error(int socket) {
  int number = 0;
  socklen_t size = sizeof number;
  (void)::getsockopt(socket, SOL_SOCKET, SO_ERROR, &number, &size);
  return number;
}

}  // namespace sampan::net
