// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

#include "load.h"

namespace load {

namespace {

constexpr int kKinds = 3;
enum Kind : uint32_t { kEcho, kOneByte, kPeerName, kConnection };

void watch(int epoll, int fd, Kind kind) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<uint64_t>(kind) << 32 | static_cast<uint32_t>(fd);
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

int listen_on(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) fail("bind");
  if (::listen(fd, 4096) != 0) fail("listen");
  return fd;
}

void accept_one(int epoll, int listener, Kind kind) {
  sockaddr_in peer;
  socklen_t size = sizeof peer;
  const int fd = ::accept4(listener, reinterpret_cast<sockaddr *>(&peer), &size, SOCK_NONBLOCK);
  if (fd < 0) return;
  if (kind == kEcho) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return watch(epoll, fd, kConnection);
  }
  if (kind == kOneByte) (void)!::write(fd, "x", 1);
  if (kind == kPeerName) {
    char text[INET_ADDRSTRLEN];
    ::inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
    ::dprintf(fd, "%s", text);
  }
  ::close(fd);
}

void echo(int fd) {
  char bytes[4096];
  const ssize_t count = ::read(fd, bytes, sizeof bytes);
  // the client waits for each answer, so it always fits
  if (count <= 0 || ::write(fd, bytes, static_cast<size_t>(count)) != count) ::close(fd);
}

}  // namespace

int serve(int base) {
  const int epoll = ::epoll_create1(0);
  for (int kind = 0; kind < kKinds; ++kind) watch(epoll, listen_on(base + kind), static_cast<Kind>(kind));
  for (;;) {
    epoll_event events[64];
    const int count = ::epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = static_cast<int>(events[i].data.u64 & 0xFFFFFFFF);
      const Kind kind = static_cast<Kind>(events[i].data.u64 >> 32);
      kind == kConnection ? echo(fd) : accept_one(epoll, fd, kind);
    }
  }
}

}  // namespace load
