// SPDX-License-Identifier: Apache-2.0
// A ramp of steps, each faster than the one before by one factor, with a pause between them in which queues run empty.
// Every datagram says which step it belongs to; at the end the receiver is told how many were sent in each, so that it
// knows what was lost at which rate. A rate of 0 is as fast as the socket takes them.
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

constexpr unsigned kMostSteps = 32;
constexpr uint64_t kPauseUs = 15'000;
constexpr uint64_t kTickUs = 200;
constexpr int kEnds = 10;
constexpr int kPatienceMs = 4000;
constexpr size_t kLargest = 65507;
constexpr unsigned kTrain = 32;
// A sender that is so far behind is at its limit: faster steps would be the same.
constexpr double kBehind = 0.6;
// A receiver takes what its cache holds.
constexpr size_t kBatchBytes = 256 * 1024;

enum Kind : uint32_t { kHello = 0x68656C6F, kData = 0x64617461, kEnd = 0x656E6421 };

struct Header {
  uint32_t kind;
  uint32_t step;
};

struct Hello {
  uint32_t kind;
  Ramp ramp;
};

struct Ending {
  Header header;  // step: how many were made
  uint32_t sent[kMostSteps];
  uint32_t microseconds[kMostSteps];
};

void sleep_until(uint64_t when_us) {
  const timespec when = {static_cast<time_t>(when_us / 1'000'000), static_cast<long>(when_us % 1'000'000 * 1000)};
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr);
}

struct Step {
  uint32_t sent = 0;
  uint32_t due = 0;
  uint64_t took_us = 0;
};

// `bytes` is what one call sends: `at_once` datagrams. `rate`: megabits per second.
Step send_step(int fd, unsigned number, double rate, uint64_t length_us, std::vector<char> &bytes, unsigned at_once) {
  const size_t size = bytes.size() / at_once;
  const Header header = {kData, number};
  for (unsigned i = 0; i < at_once; ++i) std::memcpy(bytes.data() + i * size, &header, sizeof header);
  const double per_us = rate / 8 / static_cast<double>(bytes.size());
  const uint64_t start = now_us();
  const uint64_t end = start + length_us;
  Step step;
  uint32_t tried = 0;
  for (uint64_t now = start; now < end; now = now_us()) {
    step.due = rate == 0 ? tried + 64 / at_once : static_cast<uint32_t>(static_cast<double>(now - start) * per_us);
    for (; tried < step.due; ++tried) {
      if (::send(fd, bytes.data(), bytes.size(), 0) >= 0) ++step.sent;
      if (tried % (at_once > 1 ? 2 : 16) == 1 && now_us() >= end) break;
    }
    if (rate != 0) sleep_until(now + kTickUs);
  }
  step.took_us = now_us() - start;
  step.sent *= at_once;
  step.due = static_cast<uint32_t>(static_cast<double>(step.took_us) * per_us) * at_once;
  return step;
}

int blast(int fd, const Ramp &ramp) {
  const auto size = static_cast<int>(std::clamp<size_t>(ramp.size, sizeof(Ending), kLargest));
  const unsigned at_once = ramp.in_trains != 0 ? kTrain : 1;
  if (ramp.in_trains != 0 && ::setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof size) != 0) fail("UDP_SEGMENT");
  std::vector<char> bytes(static_cast<size_t>(size) * at_once);
  Ending ending = {};
  ending.header.kind = kEnd;
  double rate = ramp.first_mbits;
  for (unsigned &number = ending.header.step; number < std::min<uint32_t>(ramp.steps, kMostSteps);) {
    const Step step = send_step(fd, number, rate, uint64_t{ramp.step_ms} * 1000, bytes, at_once);
    ending.sent[number] = step.sent;
    ending.microseconds[number] = static_cast<uint32_t>(step.took_us);
    ++number;
    rate *= 1 + ramp.growth_percent / 100.0;
    sleep_until(now_us() + kPauseUs);
    if (step.sent < step.due * kBehind) break;
  }
  for (int i = 0; i < kEnds; ++i) {
    sleep_until(now_us() + kPauseUs);
    (void)::send(fd, &ending, sizeof ending, 0);
  }
  return 0;
}

struct Arrived {
  uint32_t count = 0;
  uint64_t bytes = 0;
  uint64_t first_us = 0;
  uint64_t last_us = 0;
};

// What queues on the way held when a step was over arrives later: then that is how long the step took.
void print(const Ending &ending, const Arrived *arrived) {
  std::printf("{\"steps\":[");
  for (unsigned step = 0; step < std::min<uint32_t>(ending.header.step, kMostSteps); ++step) {
    const Arrived &of = arrived[step];
    std::printf(
        "%s{\"sent\":%u,\"received\":%u,\"bytes\":%llu,\"us\":%llu}", step == 0 ? "" : ",", ending.sent[step], of.count,
        static_cast<unsigned long long>(of.bytes),
        static_cast<unsigned long long>(std::max<uint64_t>(ending.microseconds[step], of.last_us - of.first_us)));
  }
  std::printf("]}\n");
}

void set_patience(int fd, int milliseconds) {
  const timeval wait = {milliseconds / 1000, milliseconds % 1000 * 1000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
}

void note(Arrived &arrived, size_t size, uint64_t now) {
  if (arrived.count++ == 0) arrived.first_us = now;
  arrived.last_us = now;
  arrived.bytes += size;
}

int count_datagrams(int fd, size_t expected) {
  constexpr unsigned kMostAtOnce = 32;
  static char space[kMostAtOnce][65536];
  mmsghdr messages[kMostAtOnce] = {};
  iovec parts[kMostAtOnce];
  sockaddr_in peers[kMostAtOnce];
  for (unsigned i = 0; i < kMostAtOnce; ++i) {
    parts[i] = {space[i], sizeof space[i]};
    messages[i].msg_hdr.msg_name = &peers[i];
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const auto at_once = static_cast<unsigned>(std::clamp<size_t>(kBatchBytes / expected, 1, kMostAtOnce));
  Arrived arrived[kMostSteps];
  for (;;) {
    for (mmsghdr &message : messages) message.msg_hdr.msg_namelen = sizeof peers[0];
    const int count = ::recvmmsg(fd, messages, at_once, MSG_WAITFORONE, nullptr);
    if (count < 0 && errno == ECONNREFUSED) continue;
    if (count < 0) fail("the end of the datagrams did not come");
    const uint64_t now = now_us();
    for (int i = 0; i < count; ++i) {
      Header header;
      std::memcpy(&header, space[i], sizeof header);
      if (header.kind == kEnd && messages[i].msg_len == sizeof(Ending)) {
        Ending ending;
        std::memcpy(&ending, space[i], sizeof ending);
        print(ending, arrived);
        return 0;
      }
      if (header.kind == kHello)
        (void)::sendto(fd, &header, sizeof header, 0, reinterpret_cast<sockaddr *>(&peers[i]), sizeof peers[i]);
      if (header.kind == kData && header.step < kMostSteps) note(arrived[header.step], messages[i].msg_len, now);
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

int udp_sink(int port, int size) {
  const int fd = bound(port);
  set_patience(fd, 2 * kPatienceMs);
  return count_datagrams(fd, static_cast<size_t>(size));
}

// The receiver may not be there yet, or far from being scheduled.
int udp_blast(const sockaddr_in &receiver, const Ramp &ramp) {
  const int fd = connected(::socket(AF_INET, SOCK_DGRAM, 0), receiver);
  set_patience(fd, 200);
  Header hello = {kHello, 0};
  for (int tries = 0; tries < kPatienceMs / 200; ++tries) {
    (void)::send(fd, &hello, sizeof hello, 0);
    if (::recv(fd, &hello, sizeof hello, 0) == sizeof hello) return blast(fd, ramp);
    if (errno == ECONNREFUSED) sleep_until(now_us() + kPauseUs);
  }
  fail("the receiver did not answer");
}

int udp_fetch(const sockaddr_in &sender, const Ramp &ramp) {
  const int fd = connected(bound(0), sender);
  set_patience(fd, 200);
  const Hello hello = {kHello, ramp};
  char peeked;
  for (int tries = 0; tries < kPatienceMs / 200; ++tries) {
    (void)::send(fd, &hello, sizeof hello, 0);
    if (::recv(fd, &peeked, 1, MSG_PEEK) < 0) continue;
    set_patience(fd, kPatienceMs);
    return count_datagrams(fd, ramp.size);
  }
  fail("no datagram came");
}

int udp_answer(int port) {
  const int fd = bound(port);
  set_patience(fd, 2 * kPatienceMs);
  Hello hello;
  sockaddr_in peer;
  socklen_t size = sizeof peer;
  if (::recvfrom(fd, &hello, sizeof hello, 0, reinterpret_cast<sockaddr *>(&peer), &size) < 0) fail("nobody asked");
  return blast(connected(fd, peer), hello.ramp);
}

}  // namespace load
