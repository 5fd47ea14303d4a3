// SPDX-License-Identifier: Apache-2.0
// A ramp of steps, each 1.3 times as fast as the one before, with a pause between them in which queues run empty, and a
// last step as fast as the socket takes them. Every datagram says which step it belongs to; at the end the receiver is
// told how many were sent in each, so that it knows what was lost at which rate.
#include <netinet/udp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "load.h"

namespace load {

namespace {

constexpr unsigned kSteps = 17;
constexpr double kGrowth = 1.3;
constexpr uint64_t kStepUs = 80'000;
constexpr uint64_t kLastStepUs = 500'000;
constexpr uint64_t kPauseUs = 15'000;
constexpr uint64_t kTickUs = 200;
constexpr int kEnds = 10;
constexpr int kPatienceMs = 4000;
constexpr size_t kLargest = 65507;
constexpr unsigned kTrain = 32;

enum Kind : uint32_t { kHello = 0x68656C6F, kData = 0x64617461, kEnd = 0x656E6421 };

struct Header {
  uint32_t kind;
  uint32_t step;  // of a hello: the size that is wanted, and behind 16 bits whether in trains
};

struct Shape {
  int size;
  bool in_trains;  // with UDP_SEGMENT, as QUIC programs do
};

struct Ending {
  Header header;
  uint32_t sent[kSteps];
  uint32_t microseconds[kSteps];
};

void sleep_until(uint64_t when_us) {
  const timespec when = {static_cast<time_t>(when_us / 1'000'000), static_cast<long>(when_us % 1'000'000 * 1000)};
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr);
}

// Slow enough to begin with for the slowest stack: gigabits per second.
double rate_of(unsigned step, int size) {
  double rate = size < 10'000 ? 0.15 : 0.4;
  for (unsigned i = 0; i < step; ++i) rate *= kGrowth;
  return rate;
}

// `bytes` is what one call sends: `at_once` datagrams.
uint32_t send_step(int fd, unsigned step, std::vector<char> &bytes, unsigned at_once, uint64_t *took_us) {
  const bool last = step + 1 == kSteps;
  const size_t size = bytes.size() / at_once;
  const Header header = {kData, step};
  for (unsigned i = 0; i < at_once; ++i) std::memcpy(bytes.data() + i * size, &header, sizeof header);
  const double per_us = rate_of(step, static_cast<int>(size)) * 1e3 / 8 / static_cast<double>(bytes.size());
  const uint64_t start = now_us();
  const uint64_t end = start + (last ? kLastStepUs : kStepUs);
  uint32_t sent = 0;
  uint32_t tried = 0;
  for (uint64_t now = start; now < end; now = now_us()) {
    const uint32_t due = last ? tried + 64 / at_once : static_cast<uint32_t>(static_cast<double>(now - start) * per_us);
    for (; tried < due; ++tried) {
      if (::send(fd, bytes.data(), bytes.size(), 0) >= 0) ++sent;
      if (tried % (at_once > 1 ? 2 : 16) == 1 && now_us() >= end) break;
    }
    if (!last) sleep_until(now + kTickUs);
  }
  *took_us = now_us() - start;
  return sent * at_once;
}

int blast(int fd, const Shape &shape) {
  const auto size = static_cast<int>(std::clamp<size_t>(static_cast<size_t>(shape.size), sizeof(Ending), kLargest));
  const unsigned at_once = shape.in_trains ? kTrain : 1;
  if (shape.in_trains && ::setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof size) != 0) fail("UDP_SEGMENT");
  std::vector<char> bytes(static_cast<size_t>(size) * at_once);
  Ending ending = {};
  ending.header.kind = kEnd;
  for (unsigned step = 0; step < kSteps; ++step) {
    uint64_t took_us = 0;
    ending.sent[step] = send_step(fd, step, bytes, at_once, &took_us);
    ending.microseconds[step] = static_cast<uint32_t>(took_us);
    sleep_until(now_us() + kPauseUs);
  }
  for (int i = 0; i < kEnds; ++i) {
    sleep_until(now_us() + kPauseUs);
    (void)::send(fd, &ending, sizeof ending, 0);
  }
  return 0;
}

void print(const Ending &ending, const uint32_t *received, const uint64_t *bytes) {
  std::printf("{\"steps\":[");
  for (unsigned step = 0; step < kSteps; ++step)
    std::printf("%s{\"sent\":%u,\"received\":%u,\"bytes\":%llu,\"us\":%u}", step == 0 ? "" : ",", ending.sent[step],
                received[step], static_cast<unsigned long long>(bytes[step]), ending.microseconds[step]);
  std::printf("]}\n");
}

void set_patience(int fd, int milliseconds) {
  const timeval wait = {milliseconds / 1000, milliseconds % 1000 * 1000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
}

int count_datagrams(int fd) {
  constexpr unsigned kBatch = 32;
  static char space[kBatch][65536];
  mmsghdr messages[kBatch] = {};
  iovec parts[kBatch];
  for (unsigned i = 0; i < kBatch; ++i) {
    parts[i] = {space[i], sizeof space[i]};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  uint32_t received[kSteps] = {};
  uint64_t bytes[kSteps] = {};
  for (;;) {
    const int count = ::recvmmsg(fd, messages, kBatch, MSG_WAITFORONE, nullptr);
    if (count < 0 && errno == ECONNREFUSED) continue;
    if (count < 0) fail("the end of the datagrams did not come");
    for (int i = 0; i < count; ++i) {
      Header header;
      std::memcpy(&header, space[i], sizeof header);
      if (header.kind == kEnd && messages[i].msg_len == sizeof(Ending)) {
        Ending ending;
        std::memcpy(&ending, space[i], sizeof ending);
        print(ending, received, bytes);
        return 0;
      }
      if (header.kind != kData || header.step >= kSteps) continue;
      ++received[header.step];
      bytes[header.step] += messages[i].msg_len;
    }
  }
}

int bound(int port) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  enlarge_buffer(fd);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (::bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) fail("bind");
  return fd;
}

int connected(int fd, const sockaddr_in &peer) {
  if (::connect(fd, reinterpret_cast<const sockaddr *>(&peer), sizeof peer) != 0) fail("connect");
  return fd;
}

}  // namespace

int udp_sink(int port) {
  const int fd = bound(port);
  set_patience(fd, 2 * kPatienceMs);
  return count_datagrams(fd);
}

int udp_blast(const sockaddr_in &receiver, int size, bool in_trains) {
  return blast(connected(::socket(AF_INET, SOCK_DGRAM, 0), receiver), {size, in_trains});
}

int udp_fetch(const sockaddr_in &sender, int size, bool in_trains) {
  const int fd = connected(bound(0), sender);
  set_patience(fd, 200);
  const Header hello = {kHello, static_cast<uint32_t>(size) | (in_trains ? 1U << 16 : 0U)};
  char peeked;
  for (int tries = 0; tries < kPatienceMs / 200; ++tries) {
    (void)::send(fd, &hello, sizeof hello, 0);
    if (::recv(fd, &peeked, 1, MSG_PEEK) < 0) continue;
    set_patience(fd, kPatienceMs);
    return count_datagrams(fd);
  }
  fail("no datagram came");
}

int udp_answer(int port) {
  const int fd = bound(port);
  set_patience(fd, 2 * kPatienceMs);
  Header hello;
  sockaddr_in peer;
  socklen_t size = sizeof peer;
  if (::recvfrom(fd, &hello, sizeof hello, 0, reinterpret_cast<sockaddr *>(&peer), &size) < 0) fail("nobody asked");
  return blast(connected(fd, peer), {static_cast<int>(hello.step & 0xFFFF), hello.step >> 16 != 0});
}

}  // namespace load
