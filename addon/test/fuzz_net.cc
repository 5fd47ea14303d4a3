// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a sequence of frames from containers into a whole stack, in a network namespace of its own with real
// sockets. The input is a list of (length, choice, action, bytes); a frame begins behind its virtio-net header's first
// byte. A custom mutator is not needed: addresses, version and lengths are put right for most frames, and sequence
// numbers too where the action says so, because nobody guesses them: without, no connection would ever open. The rest
// is the fuzzer's.
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
constexpr size_t kHeadBytes = 4;

void require(bool condition) {
  if (!condition) abort();
}

// What the action of a frame chooses beside its flags.
enum : uint8_t {
  kFlagsMask = 7,
  kInSequence = 8,
  kServerWrites = 16,
  kServerReads = 32,
  kServerEnds = 64,
  kTurn = 128
};
constexpr uint8_t kSyn = 2;
constexpr uint8_t kAck = 16;
constexpr uint8_t kFlags[] = {kSyn, kAck, kAck | 8, kAck | 1, 4, kAck | kSyn};  // beyond: the fuzzer's own

// The other end of the connections.
class Server {
 public:
  void listen_on(int listener) { listener_.reset(listener); }
  void act(uint8_t action) {
    for (unique_fd &socket : sockets_) {
      if (!socket) socket.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK));
      if (!socket) continue;
      char data[8192] = {};
      if ((action & kServerWrites) != 0) (void)!send(socket.get(), data, sizeof data, MSG_DONTWAIT | MSG_NOSIGNAL);
      if ((action & kServerReads) != 0) (void)!recv(socket.get(), data, sizeof data, MSG_DONTWAIT);
    }
    if ((action & kServerEnds) == 0) return;
    unique_fd &first = sockets_[0];
    if ((action & kServerReads) != 0) {
      if (first) (void)!shutdown(first.get(), SHUT_WR);
    } else {
      std::rotate(sockets_, sockets_ + 1, sockets_ + kSockets);
      sockets_[kSockets - 1].reset();
    }
  }
  // Of the input before: nothing of it is there for the next one.
  void clear() {
    for (unique_fd &socket : sockets_) socket.reset();
    for (unique_fd next(accept(listener_.get(), nullptr, nullptr)); next;) {
      next.reset(accept(listener_.get(), nullptr, nullptr));
    }
  }

 private:
  static constexpr size_t kSockets = 4;
  unique_fd listener_;
  unique_fd sockets_[kSockets];
};

Server &server() {
  static Server one;
  return one;
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
  server().listen_on(listener);
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

constexpr size_t kTcpAt = sizeof(net::VnetHeader) + 20;
constexpr size_t kPorts = 2;
constexpr uint16_t kFirstPort = 1000;

// Where the connections of one input stand, read off the frames of the stack.
struct Sequence {
  uint32_t next_of_ours = 1;
  uint32_t next_of_theirs = 0;
};
using Sequences = Sequence[kPorts];

void learn(Sequences &sequences, const uint8_t *frame, size_t size) {
  if (size < kTcpAt + 20 || frame[sizeof(net::VnetHeader) + 9] != IPPROTO_TCP) return;
  const uint8_t *tcp = frame + kTcpAt;
  const size_t index = static_cast<size_t>(net::load16(tcp + 2)) - kFirstPort;
  if (index >= kPorts) return;
  const size_t header = static_cast<size_t>(tcp[12] >> 4) * 4;
  const bool counts_one = (tcp[13] & 3) != 0;
  sequences[index].next_of_theirs =
      net::load32(tcp + 4) + static_cast<uint32_t>(size - kTcpAt - header) + (counts_one ? 1 : 0);
  if ((tcp[13] & kAck) != 0) sequences[index].next_of_ours = net::load32(tcp + 8);
}

// Most frames get past the first checks.
void complete(uint8_t *frame, size_t size, uint8_t choice) {
  if (choice % 8 == 0 || size < kTcpAt + 4) return;
  uint8_t *at = frame + sizeof(net::VnetHeader);
  frame[0] |= 1;
  at[0] = 0x45;
  net::store16(at + 2, static_cast<uint32_t>(size - sizeof(net::VnetHeader)));
  constexpr uint8_t kProtocols[] = {IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
  at[9] = kProtocols[choice % 4];
  memcpy(at + 12, kContainer, sizeof kContainer);
  memcpy(at + 16, kServer, sizeof kServer);
  if (choice % 16 != 1) net::store16(at + 6, 0x4000);
  net::store16(at + 20, kFirstPort + choice % kPorts);
  net::store16(at + 22, kPort);
}

// A segment that belongs into its connection; the last byte of each number stays the fuzzer's where it is small.
void put_in_sequence(const Sequences &sequences, uint8_t *frame, size_t size, uint8_t action) {
  if (size < kTcpAt + 20 || frame[sizeof(net::VnetHeader) + 9] != IPPROTO_TCP) return;
  uint8_t *tcp = frame + kTcpAt;
  const size_t flags = action & kFlagsMask;
  if (flags < sizeof kFlags) tcp[13] = kFlags[flags];
  if ((action & kInSequence) == 0) return;
  const size_t index = static_cast<size_t>(net::load16(tcp)) - kFirstPort;
  if (index >= kPorts) return;
  const auto off = [](uint8_t byte) { return byte < 64 ? static_cast<uint32_t>(byte) - 32 : 0; };
  net::store32(tcp + 4, sequences[index].next_of_ours + off(tcp[7]));
  net::store32(tcp + 8, sequences[index].next_of_theirs + off(tcp[11]));
  tcp[12] = static_cast<uint8_t>(tcp[12] % 2 == 0 ? 0x50 : tcp[12]);
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
  Sequences sequences;
  uint8_t frame[2048];
  static uint8_t answer[70'000];
  while (rest.size() > kHeadBytes) {
    const size_t length = std::min<size_t>(net::load16(rest.data()) % sizeof frame, rest.size() - kHeadBytes);
    const uint8_t choice = rest[2];
    const uint8_t action = rest[3];
    memcpy(frame, rest.data() + kHeadBytes, length);
    rest = rest.subspan(kHeadBytes + length);
    complete(frame, length, choice);
    put_in_sequence(sequences, frame, length, action);
    if (length != 0) (void)!send(tun.get(), frame, length, MSG_DONTWAIT);
    if ((action & kTurn) != 0) turn(world);
    server().act(action);
    for (ssize_t got; (got = recv(tun.get(), answer, sizeof answer, MSG_DONTWAIT)) > 0;) {
      learn(sequences, answer, static_cast<size_t>(got));
    }
  }
  turn(world);
  stack.value().reset();
  turn(world);
  server().clear();
  return 0;
}
