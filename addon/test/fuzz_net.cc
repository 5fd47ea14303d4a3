// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a sequence of frames from containers into a whole stack, in a network namespace of its own with real
// sockets. The input is a list of (length, bytes); a frame begins behind its virtio-net header's first byte. A custom
// mutator is not needed: addresses, version and lengths are put right for most frames, the rest is the fuzzer's.
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "addon/net/bytes.h"
#include "addon/net/event_loop.h"
#include "addon/net/packet.h"
#include "addon/net/stack.h"

namespace {

using namespace sampan;

constexpr uint8_t kServer[4] = {198, 51, 100, 7};
constexpr uint8_t kContainer[4] = {10, 88, 0, 5};
constexpr uint16_t kPort = 80;

void require(bool condition) {
  if (!condition) abort();
}

// lo with the server's address, and a listener behind it.
void open_network() {
  require(unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0);
  const int control = socket(AF_INET, SOCK_DGRAM, 0);
  struct ifreq request = {};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_LOOPBACK;
  require(ioctl(control, SIOCSIFFLAGS, &request) == 0);
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  memcpy(&address.sin_addr, kServer, sizeof kServer);
  strcpy(request.ifr_name, "lo:1");
  memcpy(&request.ifr_addr, &address, sizeof address);
  require(ioctl(control, SIOCSIFADDR, &request) == 0);
  address.sin_port = htons(kPort);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  require(bind(listener, reinterpret_cast<struct sockaddr *>(&address), sizeof address) == 0 &&
          listen(listener, 16) == 0);
}

struct Alarm final : net::Timer {
  void expired() override { rang = true; }
  bool rang = false;
};

struct World {
  World() {
    require(loop.open().ok());
    resources = net::StackResources::create(loop).take();
  }
  net::EventLoop loop;
  std::unique_ptr<net::StackResources> resources;
};

void turn(World &world) {
  Alarm alarm;
  world.loop.arm(alarm, 0);
  while (!alarm.rang) world.loop.turn();
}

// Most frames get past the first checks.
size_t complete(uint8_t *frame, size_t size, uint8_t choice) {
  if (choice % 8 == 0 || size < sizeof(net::VnetHeader) + 24) return size;
  uint8_t *at = frame + sizeof(net::VnetHeader);
  frame[0] |= 1;
  at[0] = 0x45;
  net::store16(at + 2, static_cast<uint32_t>(size - sizeof(net::VnetHeader)));
  constexpr uint8_t kProtocols[] = {IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
  at[9] = kProtocols[choice % 4];
  memcpy(at + 12, kContainer, sizeof kContainer);
  memcpy(at + 16, kServer, sizeof kServer);
  if (choice % 16 != 1) net::store16(at + 6, 0x4000);
  net::store16(at + 20, 1000U + choice % 2);
  net::store16(at + 22, kPort);
  return size;
}

}  // namespace

// Before libFuzzer starts its thread: unshare(2) of a user namespace needs a process with one.
extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  open_network();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static World world;
  int ends[2];
  require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) == 0);
  const unique_fd tun(ends[0]);
  net::StackOptions options;
  options.tun = {unique_fd(ends[1]), true};
  options.prefixes[0] = net::IpPrefix::v4(net::IpAddress::from_v4(kContainer), 16);
  options.prefix_count = 1;
  options.gateway_v4 = net::IpAddress::from_v4(kContainer);
  options.limits = {.tcp_connections = 64, .udp_flows = 64, .echo_flows = 64};
  auto stack = net::Stack::create(*world.resources, std::move(options));
  require(stack.ok());
  std::span<const uint8_t> rest(data, size);
  uint8_t frame[2048];
  while (rest.size() > 3) {
    const size_t length = std::min<size_t>(net::load16(rest.data()) % sizeof frame, rest.size() - 3);
    const uint8_t choice = rest[2];
    memcpy(frame, rest.data() + 3, length);
    rest = rest.subspan(3 + length);
    const size_t whole = complete(frame, length, choice);
    if (whole != 0) (void)!send(tun.get(), frame, whole, MSG_DONTWAIT);
    if (choice % 4 == 0) turn(world);
    while (recv(tun.get(), frame, sizeof frame, MSG_DONTWAIT | MSG_TRUNC) > 0) {
    }
  }
  turn(world);
  stack.value().reset();
  turn(world);
  return 0;
}
