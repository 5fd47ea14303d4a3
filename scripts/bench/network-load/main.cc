// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "load.h"

namespace load {

uint64_t now_us() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

void fail(const char *what) {
  std::perror(what);
  std::exit(1);
}

int number(const char *text) {
  char *end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value < 0 || value > 10'000'000) {
    std::fprintf(stderr, "not a number: %s\n", text);
    std::exit(2);
  }
  return static_cast<int>(value);
}

sockaddr_in address_of(const char *ip, const char *port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(number(port)));
  if (::inet_pton(AF_INET, ip, &address.sin_addr) == 1) return address;
  std::fprintf(stderr, "not an IPv4 address: %s\n", ip);
  std::exit(2);
}

void raise_descriptor_limit() {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
}

void enlarge_buffer(int fd) {
  const int bytes = 4 << 20;
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0) fail("SO_RCVBUF");
}

}  // namespace load

namespace {

int wait_for_signal() {
  for (;;) ::pause();
}

load::Ramp ramp_of(char **words) {
  const auto at = [&](int index) { return static_cast<uint32_t>(load::number(words[index])); };
  return {at(0), at(1), at(2), at(3), at(4), at(5)};
}

int run(std::string_view mode, int count, char **words) {
  using namespace load;
  const auto server = [&] { return address_of(words[0], words[1]); };
  if (mode == "true") return 0;
  if (mode == "pause") return wait_for_signal();
  if (mode == "serve" && count == 1) return serve(number(words[0]));
  if (mode == "where" && count == 2) return where(server());
  if (mode == "rr" && count == 4) return request_response(server(), number(words[2]), number(words[3]));
  if (mode == "connects" && count == 4) return connects(server(), number(words[2]), number(words[3]));
  if (mode == "hold" && count == 3) return hold(server(), number(words[2]));
  if (mode == "udp-sink" && count == 2) return udp_sink(number(words[0]), number(words[1]));
  if (mode == "udp-answer" && count == 1) return udp_answer(number(words[0]));
  if (mode == "udp-fetch" && count == 8) return udp_fetch(server(), ramp_of(words + 2));
  if (mode == "udp-blast" && count == 8) return udp_blast(server(), ramp_of(words + 2));
  std::fprintf(stderr, "usage: load MODE [ADDRESS PORT] [NUMBER...]; see load.h\n");
  return 2;
}

}  // namespace

int main(int argc, char **argv) {
  std::signal(SIGPIPE, SIG_IGN);
  load::raise_descriptor_limit();
  return run(argc > 1 ? argv[1] : "", argc - 2, argv + 2);
}
