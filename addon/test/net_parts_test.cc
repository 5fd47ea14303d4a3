// SPDX-License-Identifier: Apache-2.0
// The parts of the network stack that need no network.
#include <sys/eventfd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "addon/net/checksum.h"
#include "addon/net/flow_table.h"
#include "addon/net/policy.h"
#include "addon/net/pool.h"
#include "addon/net/reassembly.h"
#include "addon/net/spill.h"
#include "addon/net/tcp_segment.h"
#include "addon/net/timer_wheel.h"
#include "addon/sys/poller.h"
#include "addon/test/container_peer.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

class Recorder final : public net::Timer {
 public:
  explicit Recorder(std::vector<int> &out, int number) : out_(out), number_(number) {}
  void expired() override { out_.push_back(number_); }

 private:
  std::vector<int> &out_;
  int number_;
};

TEST("timers fire in the order of their deadlines, over all levels of the wheel") {
  net::TimerWheel wheel;
  wheel.start(1'000'003);
  std::vector<int> fired;
  Recorder a(fired, 1), b(fired, 2), c(fired, 3), d(fired, 4);
  wheel.arm(d, 1'000'003 + 40'000'000);
  wheel.arm(c, 1'000'003 + 70'000);
  wheel.arm(b, 1'000'003 + 100);
  wheel.arm(a, 1'000'003 + 3);
  CHECK_EQ(wheel.next_ms(), 1'000'006);
  wheel.advance(1'000'005);
  CHECK(fired.empty());
  for (uint64_t now = 1'000'005; wheel.next_ms() != UINT64_MAX; now = wheel.next_ms()) wheel.advance(now);
  CHECK((fired == std::vector<int>{1, 2, 3, 4}));
}

TEST("a timer never fires before its deadline, and not after it was disarmed") {
  uint64_t now = 12345;
  net::TimerWheel wheel;
  wheel.start(now);
  std::vector<int> fired;
  Recorder timer(fired, 1);
  uint64_t state = 7;
  for (int i = 0; i < 2000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const uint64_t deadline = now + 1 + (state >> 40) % 5'000'000;
    wheel.arm(timer, deadline);
    wheel.advance(deadline - 1);
    CHECK(fired.empty() && timer.armed());
    if (i % 3 == 0) {
      wheel.disarm(timer);
      wheel.advance(deadline + 1);
      CHECK(fired.empty());
    } else {
      wheel.advance(deadline);
      CHECK_EQ(fired.size(), 1);
    }
    fired.clear();
    now = deadline + 1;
    wheel.advance(now);
  }
}

// Takes the other one down when its turn comes first.
class Rival final : public Watch {
 public:
  Rival(Poller &poller, std::unique_ptr<Rival> &other) : poller_(poller), other_(other) {
    CHECK(poller_.want(*this, fd_.get(), EPOLLIN));
  }
  ~Rival() { poller_.forget(*this, fd_.get()); }
  void ready(uint32_t) override { other_.reset(); }

 private:
  Poller &poller_;
  std::unique_ptr<Rival> &other_;
  unique_fd fd_{::eventfd(1, EFD_CLOEXEC)};
};

TEST("what was forgotten may be destroyed while events of the same batch are served") {
  Poller poller;
  CHECK(poller.open().ok());
  std::unique_ptr<Rival> one;
  std::unique_ptr<Rival> other;
  one = std::make_unique<Rival>(poller, other);
  other = std::make_unique<Rival>(poller, one);
  CHECK(poller.wait(0));
  CHECK((one == nullptr) != (other == nullptr));
}

std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

// As much as one source may have.
constexpr size_t kMuch = net::SpillPool::kBlockSize * net::SpillPool::kBlocks * 3 / 8;

TEST("the spill queue gives back what it was given, and all or nothing fits") {
  net::SpillPool pool{net::SipKey{}};
  net::SpillQueue queue;
  const net::IpAddress source = ip(kContainerAddress);
  std::string data(100'000, '\0');
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 13 + i / 255);
  for (size_t at = 0; at < data.size(); at += 777)
    CHECK(queue.append(pool, source, as_bytes(std::string_view(data).substr(at, 777))));
  std::string back;
  while (queue.size() != 0) {
    std::array<struct iovec, 3> parts;
    CHECK(queue.front(pool, parts) != 0);
    const size_t some = std::min<size_t>(parts[0].iov_len, 1000);
    back.append(static_cast<const char *>(parts[0].iov_base), some);
    queue.consume(pool, some);
  }
  CHECK(back == data);
  const std::string large(kMuch, 'x');
  CHECK(queue.append(pool, source, as_bytes("1234567890")));
  CHECK(!queue.append(pool, source, as_bytes(large)));
  CHECK_EQ(queue.size(), 10);
  CHECK(queue.append(pool, source, as_bytes(large.substr(0, large.size() - 20))));
  queue.clear(pool);
  CHECK_EQ(pool.share(source), kMuch / 4);
  pool.trim();
  CHECK(queue.append(pool, source, as_bytes("again")));
  queue.clear(pool);
}

TEST("however much waits for each of many sources, there are 64 KB for the next one") {
  constexpr size_t kSources = 60;
  net::SpillPool pool{net::SipKey{.low = 1, .high = 2}};
  net::SpillQueue queues[kSources];
  const std::string block(net::SpillPool::kBlockSize, 'x');
  size_t smallest = SIZE_MAX;
  for (size_t i = 0; i < kSources; ++i) {
    const std::string address = "10.88.0." + std::to_string(i + 2);
    while (queues[i].append(pool, ip(address.c_str()), as_bytes(block))) {
    }
    CHECK_EQ(pool.share(ip(address.c_str())), 0);
    smallest = std::min(smallest, queues[i].size());
  }
  CHECK(queues[0].size() <= kMuch);
  CHECK(smallest >= 4 * block.size());
  for (net::SpillQueue &queue : queues) queue.clear(pool);
  CHECK_EQ(pool.share(ip("10.88.0.2")), kMuch / 4);
}

TEST("a pool is bounded, and finds its objects again") {
  struct Thing {
    explicit Thing(int n) : number(n) {}
    int number;
    char room[100] = {};
  };
  net::Pool<Thing> pool(130);
  std::vector<Thing *> things;
  for (int i = 0; i < 130; ++i) things.push_back(pool.make(i));
  CHECK(pool.make(1) == nullptr);
  for (int i = 0; i < 130; i += 2) pool.destroy(things[static_cast<size_t>(i)]);
  int sum = 0;
  pool.for_each([&](Thing &thing) { sum += thing.number; });
  CHECK_EQ(sum, 65 * 65);
  for (int i = 1; i < 130; i += 2) pool.destroy(things[static_cast<size_t>(i)]);
  pool.trim();
  CHECK_EQ(pool.used(), 0);
  CHECK(pool.make(5)->room[0] == 0);
}

TEST("the checksum is that of RFC 1071") {
  const uint8_t sample[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  CHECK_EQ(net::fold(net::add_sum(0, sample, sizeof sample)), 0xddf2);
  const uint8_t odd[] = {0x01};
  CHECK_EQ(net::fold(net::add_sum(0, odd, 1)), 0x0100);
}

TEST("prefixes contain what they say") {
  const net::IpPrefix prefix = net::IpPrefix::v4(ip("10.88.16.0"), 20);
  CHECK(prefix.contains(ip("10.88.31.255")));
  CHECK(!prefix.contains(ip("10.88.32.0")));
  CHECK(!prefix.contains(ip("fd00::1")));
  CHECK((net::IpPrefix{ip("fd00:88::"), 64}.contains(ip("fd00:88::ffff:1"))));
  CHECK((!net::IpPrefix{ip("fd00:88::"), 64}.contains(ip("fd00:88:0:1::1"))));
}

TEST("the policy refuses what is the host's own and lets the rest pass") {
  net::Policy policy;
  policy.host_alias_v4 = ip(kHostAlias);
  policy.host_ports[0] = {8000, 8010};
  policy.host_port_count = 1;
  policy.denied = {net::IpPrefix::v4(ip("169.254.169.254"), 32)};
  const net::IpPrefix own[] = {net::IpPrefix::v4(ip("10.88.0.0"), 16)};
  const auto verdict = [&](const char *address, uint16_t port = 80) {
    return net::find_route(policy, own, ip(address), port).verdict;
  };
  using net::Verdict;
  CHECK_EQ(verdict("192.0.2.1"), Verdict::allowed);
  CHECK_EQ(verdict("2001:db8::1"), Verdict::allowed);
  for (const char *address : {"127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "::", "::1", "::7f00:1"})
    CHECK_EQ(verdict(address), Verdict::refused);
  for (const char *address : {"255.255.255.255", "224.0.0.251", "ff02::1", "fe80::1"})
    CHECK_EQ(verdict(address), Verdict::dropped);
  CHECK_EQ(verdict("169.254.169.254"), Verdict::prohibited);
  CHECK_EQ(verdict("10.88.3.3"), Verdict::prohibited);
  CHECK_EQ(verdict(kHostAlias, 8005), Verdict::allowed);
  CHECK_EQ(verdict(kHostAlias, 8011), Verdict::refused);
  CHECK_EQ(verdict(kHostAlias, 0), Verdict::refused);
  CHECK(net::find_route(policy, own, ip(kHostAlias), 8000).host_address == ip("127.0.0.1"));
  CHECK(net::seen_address(policy, ip("127.0.0.1")) == ip(kHostAlias));
}

TEST("parts behind the end of a datagram do not stand for those that are missing") {
  const auto reassembler = std::make_unique<net::Reassembler>();
  const std::vector<uint8_t> bytes(1024, 'x');
  const auto add = [&](size_t offset, size_t size, bool more) {
    net::Packet packet;
    packet.source = packet.destination = ip("10.88.0.2");
    packet.protocol = IPPROTO_UDP;
    packet.is_fragment = true;
    packet.more_fragments = more;
    packet.fragment_offset = static_cast<uint16_t>(offset);
    packet.transport = std::span(bytes).first(size);
    return reassembler->add(packet, 1);
  };
  // 512 bytes are missing, and as many lie where nothing can be.
  CHECK(!add(1024, 512, true));
  CHECK(!add(0, 256, true));
  CHECK(!add(768, 256, false));
  // Void: what comes now begins another datagram, and is not enough for it.
  CHECK(!add(256, 512, true));
}

TEST("one container's unfinished datagrams do not take the place of another one's") {
  const auto reassembler = std::make_unique<net::Reassembler>();
  std::vector<uint8_t> bytes(2048, 'x');
  const auto add = [&](const char *source, uint32_t id, size_t offset, bool more) {
    net::Packet packet;
    packet.source = ip(source);
    packet.destination = ip("192.0.2.1");
    packet.protocol = IPPROTO_UDP;
    packet.is_fragment = true;
    packet.more_fragments = more;
    packet.fragment_id = id;
    packet.fragment_offset = static_cast<uint16_t>(offset);
    packet.whole = bytes;
    packet.transport = std::span(bytes).first(1024);
    return reassembler->add(packet, 1);
  };
  CHECK(!add("10.88.0.2", 1, 0, true));
  for (uint32_t id = 0; id < 100; ++id) CHECK(!add("10.88.0.3", id, 0, true));
  CHECK(add("10.88.0.2", 1, 1024, false));
  // Its own latest ones are there still.
  CHECK(add("10.88.0.3", 99, 1024, false));
}

TEST("malformed frames are refused") {
  net::Packet packet;
  const auto parses = [&packet](std::vector<uint8_t> bytes) {
    bytes.insert(bytes.begin(), 12, 0);
    return net::parse_frame(bytes, packet);
  };
  std::vector<uint8_t> good(28, 0);
  good[0] = 0x45;
  good[3] = 28;
  CHECK(parses(good));
  CHECK_EQ(packet.transport.size(), 8);
  CHECK(!parses({}));
  CHECK(!parses({0x45}));
  CHECK(!parses(std::vector<uint8_t>(40, 0x55)));
  for (const auto &[at, value] : {std::pair{0, 0x44}, {0, 0x4F}, {3, 29}, {3, 19}, {0, 0x35}}) {
    std::vector<uint8_t> bad = good;
    bad[static_cast<size_t>(at)] = static_cast<uint8_t>(value);
    CHECK(!parses(bad));
  }
  std::vector<uint8_t> six(48, 0);
  six[0] = 0x60;
  six[5] = 8;
  six[6] = 0;  // hop-by-hop options, 8 bytes, then nothing
  six[8] = six[24] = 0xFD;
  six[40] = 59;
  CHECK(parses(six));
  CHECK(packet.transport.empty());
  six[41] = 1;
  CHECK(!parses(six));
}

TEST("TCP options that lie about their length end the list") {
  net::TcpSegment segment;
  std::vector<uint8_t> syn(28, 0);
  syn[12] = 0x70;
  syn[13] = net::kTcpSyn;
  syn[20] = 3;
  syn[21] = 3;
  syn[22] = 200;
  syn[23] = 2;
  syn[24] = 0;
  CHECK(net::parse_tcp(syn, segment));
  CHECK_EQ(segment.window_scale, 14);
  CHECK_EQ(segment.mss, 0);
  syn[12] = 0x80;
  CHECK(!net::parse_tcp(syn, segment));
  syn[12] = 0x40;
  CHECK(!net::parse_tcp(syn, segment));
}

}  // namespace
}  // namespace sampan::test
