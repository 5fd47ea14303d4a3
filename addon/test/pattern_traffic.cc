// SPDX-License-Identifier: Apache-2.0
#include "addon/test/pattern_traffic.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "addon/net/tcp_options.h"

namespace sampan::test {

namespace {

char pattern_at(size_t position, unsigned number) { return static_cast<char>(position * 31 + position / 251 + number); }

// Blocking: what a program does.
bool send_pattern(int fd, size_t size, unsigned number) {
  char buffer[16384];
  for (size_t at = 0; at < size;) {
    const size_t count = std::min(sizeof buffer, size - at);
    for (size_t i = 0; i < count; ++i) buffer[i] = pattern_at(at + i, number);
    for (size_t sent = 0; sent < count;) {
      const ssize_t taken = ::send(fd, buffer + sent, count - sent, MSG_NOSIGNAL);
      if (taken <= 0) return false;
      sent += static_cast<size_t>(taken);
    }
    at += count;
  }
  return true;
}

bool receive_pattern(int fd, size_t size, unsigned number) {
  char buffer[16384];
  for (size_t at = 0; at < size;) {
    const ssize_t count = ::recv(fd, buffer, std::min(sizeof buffer, size - at), 0);
    if (count <= 0) return false;
    for (ssize_t i = 0; i < count; ++i)
      if (buffer[i] != pattern_at(at + static_cast<size_t>(i), number)) return false;
    at += static_cast<size_t>(count);
  }
  return true;
}

bool expect_end(int fd) {
  char byte = 0;
  return ::recv(fd, &byte, 1, 0) == 0;
}

bool send_and_end(int fd, size_t size, unsigned number) {
  return send_pattern(fd, size, number) && ::shutdown(fd, SHUT_WR) == 0;
}

bool receive_to_end(int fd, size_t size, unsigned number) {
  return receive_pattern(fd, size, number) && expect_end(fd);
}

// Each direction in a process of its own.
bool exchange(int fd, const Load &load, unsigned sent, unsigned received) {
  const pid_t sender = ::fork();
  if (sender == 0) ::_exit(send_pattern(fd, load.size, sent) ? kTrafficDone : kTrafficWrong);
  const bool right = receive_pattern(fd, load.size, received);
  int status = -1;
  while (::waitpid(sender, &status, 0) < 0 && errno == EINTR) {
  }
  return right && WIFEXITED(status) && WEXITSTATUS(status) == kTrafficDone;
}

void reset(int fd) {
  net::reset_on_close(fd);
  ::close(fd);
}

constexpr size_t kMessage = 100;

bool ask(int fd, size_t turns, unsigned number) {
  for (size_t i = 0; i < turns; ++i)
    if (!send_pattern(fd, kMessage, number) || !receive_pattern(fd, kMessage, number + 1)) return false;
  return true;
}

bool answer(int fd, size_t turns, unsigned number) {
  for (size_t i = 0; i < turns; ++i)
    if (!receive_pattern(fd, kMessage, number) || !send_pattern(fd, kMessage, number + 1)) return false;
  return true;
}

int serve(int fd, const Load &load) {
  ::signal(SIGCHLD, SIG_DFL);
  char first = 0;
  if (::recv(fd, &first, 1, 0) != 1) return kTrafficDone;
  const auto number = static_cast<unsigned char>(first);
  if (load.killed && number % 4 == 1) {
    (void)receive_pattern(fd, load.size / 2, number);
    reset(fd);
    return kTrafficDone;
  }
  if (load.both_ways && !exchange(fd, load, number + 1U, number)) return kTrafficWrong;
  if (!answer(fd, load.turns, number)) return kTrafficWrong;
  if (load.both_ways) return ::shutdown(fd, SHUT_WR) == 0 && expect_end(fd) ? kTrafficDone : kTrafficWrong;
  if (!receive_to_end(fd, load.size, number)) return kTrafficWrong;
  return send_and_end(fd, load.size, number + 1U) ? kTrafficDone : kTrafficWrong;
}

}  // namespace

// Its own number first, then the data, and the end; the answer and its end come back.
int run_traffic_client(const Load &load, const net::SocketAddress &server, unsigned number) {
  const int fd = ::socket(server.any.sa_family, SOCK_STREAM, 0);
  if (::connect(fd, &server.any, server.length) != 0) return kTrafficWrong;
  const auto first = static_cast<char>(number);
  if (::send(fd, &first, 1, MSG_NOSIGNAL) != 1) return kTrafficWrong;
  if (load.killed && number % 4 == 1) {
    // Until the server resets it.
    while (send_pattern(fd, load.size, number)) {
    }
    return kTrafficDone;
  }
  if (load.killed && number % 4 == 2) {
    (void)send_pattern(fd, load.size, number);
    reset(fd);
    return kTrafficDone;
  }
  bool right = load.both_ways ? exchange(fd, load, number, number + 1) : true;
  right = right && ask(fd, load.turns, number);
  if (load.both_ways) {
    right = right && expect_end(fd) && ::shutdown(fd, SHUT_WR) == 0;
  } else {
    right = right && send_and_end(fd, load.size, number) && receive_to_end(fd, load.size, number + 1);
  }
  return right ? kTrafficDone : kTrafficWrong;
}

void run_traffic_server(const Load &load, int listener) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGCHLD, SIG_IGN);
  for (;;) {
    const int fd = ::accept(listener, nullptr, nullptr);
    if (fd < 0) continue;
    if (::fork() == 0) ::_exit(serve(fd, load));
    ::close(fd);
  }
}

}  // namespace sampan::test
