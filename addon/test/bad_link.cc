// SPDX-License-Identifier: Apache-2.0
// A cable between two network namespaces that is as bad as one says, for tests with whole programs at its ends (this
// stands in for the kernel's netem, which not every kernel has):
//
//   bad-link NAMESPACE NAMESPACE
//
// makes the device "wire0" in both, and reads lines from stdin, until it ends: percent lost, percent doubled, percent
// overtaken, milliseconds that these wait. All zero at first. Frames are packets of 1500 bytes at most.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "addon/net/event_loop.h"
#include "addon/test/impaired_link.h"
#include "addon/test/test.h"

namespace sampan::test {

// What the checks of ImpairedLink call, which is a part of the native tests otherwise.
void fail(const char *file, int line, const std::string &text) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, text.c_str());
  std::exit(1);
}

namespace {

constexpr size_t kLongestFrame = 70'000;
constexpr int kFramesPerTurn = 64;

[[noreturn]] void die(const char *what) {
  std::perror(what);
  std::exit(1);
}

unique_fd open_wire(const char *network_namespace) {
  unique_fd place(::open(network_namespace, O_RDONLY | O_CLOEXEC));
  if (!place || ::setns(place.get(), CLONE_NEWNET) != 0) die(network_namespace);
  unique_fd tun(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  struct ifreq request = {};
  std::strncpy(request.ifr_name, "wire0", IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (!tun || ::ioctl(tun.get(), TUNSETIFF, &request) != 0) die("/dev/net/tun");
  return tun;
}

// Carries frames on as they are.
class Carrier final : public Watch {
 public:
  Carrier(int from, int to) : from_(from), to_(to) {}
  void ready(uint32_t) override {
    for (int i = 0; i < kFramesPerTurn; ++i) {
      const ssize_t size = ::read(from_, frame_, sizeof frame_);
      if (size <= 0) return;
      (void)!::write(to_, frame_, static_cast<size_t>(size));
    }
  }

 private:
  int from_;
  int to_;
  char frame_[kLongestFrame];
};

class Commands final : public Watch {
 public:
  explicit Commands(ImpairedLink &link) : link_(link) {}
  void ready(uint32_t) override {
    char line[128];
    const ssize_t size = ::read(STDIN_FILENO, line, sizeof line - 1);
    if (size <= 0) {
      over = true;
      return;
    }
    line[size] = '\0';
    Impairment wanted;
    if (std::sscanf(line, "%u %u %u %u", &wanted.loss, &wanted.duplicate, &wanted.reorder, &wanted.delay_ms) == 4) {
      link_.impair(wanted);
    }
  }
  bool over = false;

 private:
  ImpairedLink &link_;
};

int run(const char *one, const char *other) {
  unique_fd here = open_wire(one);
  const unique_fd there = open_wire(other);
  net::EventLoop loop;
  if (!loop.open()) die("epoll_create1");
  ImpairedLink link(loop, std::move(here), {});
  const unique_fd end = link.take_end();
  static Carrier out(end.get(), there.get());
  static Carrier back(there.get(), end.get());
  Commands commands(link);
  if (!loop.watch(out, end.get(), EPOLLIN) || !loop.watch(back, there.get(), EPOLLIN) ||
      !loop.watch(commands, STDIN_FILENO, EPOLLIN)) {
    die("epoll_ctl");
  }
  std::puts("ready");
  std::fflush(stdout);
  while (!commands.over) loop.turn();
  return 0;
}

}  // namespace
}  // namespace sampan::test

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fputs("usage: bad-link NAMESPACE NAMESPACE\n", stderr);
    return 2;
  }
  return sampan::test::run(argv[1], argv[2]);
}
