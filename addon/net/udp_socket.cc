// SPDX-License-Identifier: Apache-2.0
#include "addon/net/udp_socket.h"

#include <cstring>

namespace sampan::net {

// socket(7): net.core.rmem_max and wmem_max are the limit, not an error. Memory is used only for what waits.
// #syscalls: setsockopt
void widen_buffers(int socket) {
  const int bytes = 4 << 20;
  (void)::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  (void)::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

// Linux 5.0; without it they come one by one. #syscalls: setsockopt
void accept_trains(int socket) {
  const int on = 1;
  (void)::setsockopt(socket, SOL_UDP, UDP_GRO, &on, sizeof on);
}

uint16_t train_segment(const struct cmsghdr &part) {
  if (part.cmsg_level != SOL_UDP || part.cmsg_type != UDP_GRO) return 0;
  int size = 0;
  std::memcpy(&size, CMSG_DATA(&part), sizeof size);
  return static_cast<uint16_t>(size);
}

}  // namespace sampan::net
