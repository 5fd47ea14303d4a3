// SPDX-License-Identifier: Apache-2.0
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "load.h"

namespace load {

namespace {

constexpr size_t kMessage = 64;

int open_connection(const sockaddr_in &server, int flags) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | flags, 0);
  if (fd < 0) fail("socket");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int result = ::connect(fd, reinterpret_cast<const sockaddr *>(&server), sizeof server);
  if (result != 0 && errno != EINPROGRESS) {
    ::close(fd);
    return -1;
  }
  return fd;
}

int must_open(const sockaddr_in &server) {
  const int fd = open_connection(server, 0);
  if (fd < 0) fail("connect");
  return fd;
}

void watch(int epoll, int fd) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

void send_message(int fd) {
  const char message[kMessage] = {};
  if (::write(fd, message, sizeof message) != kMessage) fail("write");
}

void receive_message(int fd) {
  char message[kMessage];
  for (size_t have = 0; have < kMessage;) {
    const ssize_t count = ::read(fd, message, kMessage - have);
    if (count <= 0) fail("read");
    have += static_cast<size_t>(count);
  }
}

void print_rate(uint64_t done, uint64_t failed, uint64_t start) {
  const double seconds = static_cast<double>(now_us() - start) / 1e6;
  std::printf("{\"perSecond\":%.1f,\"failed\":%llu}\n", static_cast<double>(done) / seconds,
              static_cast<unsigned long long>(failed));
}

}  // namespace

int request_response(const sockaddr_in &server, int connections, int milliseconds) {
  const int epoll = ::epoll_create1(0);
  std::vector<int> sockets;
  for (int i = 0; i < connections; ++i) {
    sockets.push_back(must_open(server));
    watch(epoll, sockets.back());
  }
  const uint64_t start = now_us();
  const uint64_t end = start + static_cast<uint64_t>(milliseconds) * 1000;
  uint64_t done = 0;
  for (const int fd : sockets) send_message(fd);
  while (now_us() < end) {
    if (connections == 1) {
      receive_message(sockets[0]);
      send_message(sockets[0]);
      ++done;
      continue;
    }
    epoll_event events[64];
    const int count = ::epoll_wait(epoll, events, 64, 1000);
    if (count <= 0) fail("no answer within a second");
    for (int i = 0; i < count; ++i) {
      receive_message(events[i].data.fd);
      send_message(events[i].data.fd);
      ++done;
    }
  }
  print_rate(done, 0, start);
  return 0;
}

int connects(const sockaddr_in &server, int parallel, int milliseconds) {
  const int epoll = ::epoll_create1(0);
  uint64_t done = 0;
  uint64_t failed = 0;
  int under_way = 0;
  const uint64_t start = now_us();
  const uint64_t end = start + static_cast<uint64_t>(milliseconds) * 1000;
  while (now_us() < end) {
    while (under_way < parallel) {
      const int fd = open_connection(server, SOCK_NONBLOCK);
      if (fd < 0) {
        ++failed;
        ::usleep(1000);
        break;
      }
      watch(epoll, fd);
      ++under_way;
    }
    epoll_event events[64];
    const int count = ::epoll_wait(epoll, events, 64, 100);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      char byte;
      const ssize_t got = ::read(fd, &byte, 1);
      // its end comes with or behind the byte
      if (got == 1) {
        ++done;
        continue;
      }
      if (got < 0) ++failed;
      ::close(fd);
      --under_way;
    }
  }
  print_rate(done, failed, start);
  return 0;
}

int hold(const sockaddr_in &server, int count) {
  std::vector<int> sockets;
  for (int i = 0; i < count; ++i) {
    const int fd = must_open(server);
    send_message(fd);
    receive_message(fd);
    sockets.push_back(fd);
  }
  std::printf("{\"open\":%zu}\n", sockets.size());
  std::fflush(stdout);
  char byte;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

int where(const sockaddr_in &server) {
  const int fd = must_open(server);
  char text[64];
  size_t have = 0;
  for (ssize_t count; have < sizeof text && (count = ::read(fd, text + have, sizeof text - have)) > 0;)
    have += static_cast<size_t>(count);
  std::printf("{\"seen\":\"%.*s\"}\n", static_cast<int>(have), text);
  return 0;
}

}  // namespace load
