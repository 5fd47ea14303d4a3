// SPDX-License-Identifier: Apache-2.0
// UDP and ICMP echo translation, datagram by datagram.
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "addon/net/bytes.h"
#include "addon/net/checksum.h"
#include "addon/sys/file.h"
#include "addon/test/container_peer.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

// A bound socket of the host.
struct UdpServer {
  explicit UdpServer(const char *address = kServerAddress) {
    net::SocketAddress here(ip(address), 0);
    fd.reset(::socket(here.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    CHECK_EQ(::bind(fd.get(), &here.any, here.length), 0);
    ::getsockname(fd.get(), &here.any, &here.length);
    port = here.port();
  }
  // The next datagram, and where it came from.
  std::string receive(World &world) {
    std::string data(65536, '\0');
    for (int i = 0; i < 300; ++i) {
      peer.length = sizeof peer.v6;
      const ssize_t count = ::recvfrom(fd.get(), data.data(), data.size(), MSG_DONTWAIT, &peer.any, &peer.length);
      if (count >= 0) return data.substr(0, static_cast<size_t>(count));
      world.turn_for(1);
    }
    return "nothing";
  }
  void answer(std::string_view data) const {
    CHECK_EQ(::sendto(fd.get(), data.data(), data.size(), 0, &peer.any, peer.length), data.size());
  }
  unique_fd fd;
  uint16_t port = 0;
  net::SocketAddress peer;
};

void send_udp(World &world, uint16_t to, std::string_view payload, const char *address = kServerAddress,
              uint16_t gso_size = 0, uint16_t from = 5000) {
  const bool v4 = ip(address).is_v4();
  world.send(IPPROTO_UDP, v4 ? kContainerAddress : kContainerV6, address, make_udp(from, to, payload), gso_size);
}

std::string payload_of(const std::unique_ptr<Received> &frame) {
  if (frame == nullptr || frame->packet.protocol != IPPROTO_UDP) return "nothing";
  const auto data = frame->packet.transport.subspan(8);
  return {reinterpret_cast<const char *>(data.data()), data.size()};
}

TEST("a datagram reaches the host and its answer the container") {
  with_server([] {
    World world;
    UdpServer server;
    send_udp(world, server.port, "question");
    CHECK_EQ(server.receive(world), std::string("question"));
    server.answer("answer");
    const auto frame = world.receive();
    CHECK_EQ(payload_of(frame), std::string("answer"));
    CHECK(frame->packet.source == ip(kServerAddress));
    CHECK_EQ(net::load16(&frame->packet.transport[2]), 5000);
    send_udp(world, server.port, "");
    CHECK_EQ(server.receive(world), std::string());
  });
}

TEST("one port of a container is one port for all other hosts") {
  with_server([] {
    World world;
    UdpServer first;
    UdpServer second;
    send_udp(world, first.port, "a");
    send_udp(world, second.port, "b");
    CHECK_EQ(first.receive(world), std::string("a"));
    CHECK_EQ(second.receive(world), std::string("b"));
    CHECK_EQ(first.peer.port(), second.peer.port());
    CHECK_EQ(world.stack->counters().udp_flows, 2);
  });
}

TEST("who was never written to cannot write to the container") {
  with_server([] {
    World world;
    UdpServer server;
    UdpServer stranger;
    send_udp(world, server.port, "a");
    CHECK_EQ(server.receive(world), std::string("a"));
    stranger.peer = server.peer;
    stranger.answer("let me in");
    CHECK(world.nothing_comes());
  });
}

TEST("a closed port is answered with ICMP port unreachable that names the datagram") {
  with_server([] {
    World world;
    send_udp(world, 9, "anybody?");
    const auto frame = world.receive();
    CHECK(frame != nullptr && frame->packet.protocol == IPPROTO_ICMP);
    CHECK_EQ(frame->packet.transport[0], 3);
    CHECK_EQ(frame->packet.transport[1], 3);
    CHECK_EQ(net::load16(&frame->packet.transport[8 + 20]), 5000);
    CHECK_EQ(net::load16(&frame->packet.transport[8 + 20 + 2]), 9);
    CHECK(net::has_valid_checksum(frame->packet));
  });
}

TEST("the host's loopback is refused, and open under its alias where a port is") {
  with_server([] {
    UdpServer server("127.0.0.1");
    World world({}, {server.port});
    send_udp(world, server.port, "a", "127.0.0.1");
    auto frame = world.receive();
    CHECK(frame != nullptr && frame->packet.protocol == IPPROTO_ICMP);
    send_udp(world, server.port, "b", kHostAlias);
    CHECK_EQ(server.receive(world), std::string("b"));
    server.answer("c");
    frame = world.receive();
    CHECK_EQ(payload_of(frame), std::string("c"));
    CHECK(frame->packet.source == ip(kHostAlias));
  });
}

TEST("several datagrams in one frame stay several, both ways") {
  with_server([] {
    World world;
    UdpServer server;
    const std::string burst = std::string(1000, 'a') + std::string(1000, 'b') + std::string(500, 'c');
    send_udp(world, server.port, burst, kServerAddress, 1000);
    CHECK(server.receive(world) == std::string(1000, 'a'));
    CHECK(server.receive(world) == std::string(1000, 'b'));
    CHECK(server.receive(world) == std::string(500, 'c'));
    for (const char letter : {'x', 'y', 'z'}) send_udp(world, server.port, std::string(700, letter));
    for (const char letter : {'x', 'y', 'z'}) CHECK(server.receive(world) == std::string(700, letter));
    for (const char letter : {'1', '2'}) server.answer(std::string(900, letter));
    std::string back;
    while (back.size() < 1800) {
      const auto frame = world.receive();
      if (frame == nullptr) break;
      CHECK(frame->header.gso_size == 0 || frame->header.gso_size == 900);
      back += payload_of(frame);
    }
    CHECK(back == std::string(900, '1') + std::string(900, '2'));
  });
}

TEST("a frame of more datagrams than any kernel joins is not taken") {
  with_server([] {
    World world;
    UdpServer server;
    send_udp(world, server.port, std::string(60'000, 'x'), kServerAddress, 1);
    CHECK_EQ(server.receive(world), std::string("nothing"));
    CHECK_EQ(world.stack->counters().invalid, 1);
  });
}

TEST("datagrams that come together enter the container in one frame, whatever their sizes in the right order") {
  with_server([] {
    World world;
    UdpServer server;
    send_udp(world, server.port, "question");
    CHECK_EQ(server.receive(world), std::string("question"));
    for (const char letter : {'1', '2', '3'}) server.answer(std::string(900, letter));
    for (const size_t size : {400, 0, 30000, 1200}) server.answer(std::string(size, 'x'));
    const auto train = world.receive();
    CHECK_EQ(train->header.gso_size, 900);
    CHECK(payload_of(train) ==
          std::string(900, '1') + std::string(900, '2') + std::string(900, '3') + std::string(400, 'x'));
    CHECK_EQ(payload_of(world.receive()), std::string());
    CHECK(payload_of(world.receive()) == std::string(30000, 'x'));
    CHECK(payload_of(world.receive()) == std::string(1200, 'x'));
  });
}

// A datagram with the DF bit.
void send_in_one_piece(World &world, uint16_t to, std::string_view payload) {
  std::string frame(12 + 20, '\0');
  frame += make_udp(5000, to, payload);
  auto *at = reinterpret_cast<uint8_t *>(frame.data()) + 12;
  frame[0] = 2;  // the checksum was verified
  at[0] = 0x45;
  net::store16(at + 2, static_cast<uint32_t>(frame.size() - 12));
  net::store16(at + 6, 0x4000);
  at[8] = 64;
  at[9] = IPPROTO_UDP;
  std::memcpy(at + 12, ip(kContainerAddress).v4(), 4);
  std::memcpy(at + 16, ip(kServerAddress).v4(), 4);
  world.send_raw(frame);
}

void narrow_loopback() {
  const unique_fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_mtu = 1500;
  CHECK_EQ(::ioctl(socket.get(), SIOCSIFMTU, &request), 0);
}

TEST("a container that looks for the path's MTU is told the one of the host's own link") {
  with_server([] {
    narrow_loopback();
    World world;
    UdpServer server;
    send_in_one_piece(world, server.port, std::string(1400, 'a'));
    CHECK(server.receive(world) == std::string(1400, 'a'));
    send_in_one_piece(world, server.port, std::string(4000, 'b'));
    const auto frame = world.receive();
    CHECK(frame != nullptr && frame->packet.protocol == IPPROTO_ICMP);
    CHECK_EQ(frame->packet.transport[0], 3);
    CHECK_EQ(frame->packet.transport[1], 4);
    CHECK_EQ(net::load16(&frame->packet.transport[6]), 1500);
    CHECK_EQ(net::load16(&frame->packet.transport[8 + 20 + 2]), server.port);
  });
}

TEST("a datagram that no link outside could carry whole is cut up by the host, in spite of its DF bit") {
  with_server([] {
    narrow_loopback();
    World world;
    UdpServer server;
    send_in_one_piece(world, server.port, std::string(65000, 'c'));
    CHECK(server.receive(world) == std::string(65000, 'c'));
  });
}

TEST("fragments of a large datagram are put together, in any order, and overlaps void it") {
  with_server([] {
    World world;
    UdpServer server;
    std::string data(4000, '\0');
    for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7);
    const std::string whole = make_udp(5000, server.port, data);
    const auto fragment = [&](uint16_t id, size_t offset, size_t size, bool more) {
      std::string frame(12 + 20, '\0');
      frame += whole.substr(offset, size);
      auto *at = reinterpret_cast<uint8_t *>(frame.data()) + 12;
      at[0] = 0x45;
      net::store16(at + 2, static_cast<uint32_t>(20 + size));
      net::store16(at + 4, id);
      net::store16(at + 6, static_cast<uint32_t>(offset / 8) | (more ? 0x2000U : 0U));
      at[8] = 64;
      at[9] = IPPROTO_UDP;
      std::memcpy(at + 12, ip(kContainerAddress).v4(), 4);
      std::memcpy(at + 16, ip(kServerAddress).v4(), 4);
      world.send_raw(frame);
    };
    fragment(1, 2960, whole.size() - 2960, false);
    fragment(1, 0, 1480, true);
    fragment(1, 1480, 1480, true);
    CHECK(server.receive(world) == data);
    fragment(2, 0, 1480, true);
    fragment(2, 8, 1480, true);
    fragment(2, 1480, 1480, true);
    fragment(2, 2960, whole.size() - 2960, false);
    world.turn_for(10);
    CHECK_EQ(server.receive(world), std::string("nothing"));
  });
}

TEST("a datagram larger than the MTU reaches an IPv6 container in fragments") {
  with_server([] {
    UdpServer server("::1");
    World world({}, {server.port});
    send_udp(world, server.port, "six", kHostAliasV6);
    CHECK_EQ(server.receive(world), std::string("six"));
    const std::string data(5000, 'q');
    server.answer(data);
    std::string back;
    uint64_t sum = 0;
    bool more = true;
    while (more) {
      const auto frame = world.receive();
      if (frame == nullptr) break;
      CHECK(frame->packet.whole.size() <= 1500);
      CHECK_EQ(frame->packet.fragment_offset, back.size());
      back.append(reinterpret_cast<const char *>(frame->packet.transport.data()), frame->packet.transport.size());
      more = frame->packet.more_fragments;
    }
    CHECK_EQ(back.size(), 8 + data.size());
    sum = net::pseudo_header_sum(ip(kHostAliasV6), ip(kContainerV6), IPPROTO_UDP, back.size());
    CHECK_EQ(net::fold(net::add_sum(sum, back.data(), back.size())), 0xFFFF);
  });
}

TEST("flows of one container are bounded") {
  with_server([] {
    World world({.udp_per_source = 10});
    UdpServer server;
    for (uint16_t i = 0; i < 50; ++i)
      send_udp(world, server.port, "x", kServerAddress, 0, static_cast<uint16_t>(6000 + i));
    world.turn_for(20);
    CHECK_EQ(world.stack->counters().udp_flows, 10);
    CHECK_EQ(world.stack->counters().limited, 40);
    world.stack->forget_source(ip(kContainerAddress));
    CHECK_EQ(world.stack->counters().udp_flows, 0);
  });
}

TEST("ping is answered where the host allows it, with the container's identifier") {
  with_server([] {
    World world;
    std::string echo("\x08\0\0\0\x12\x34\0\x01payload", 15);
    world.send(IPPROTO_ICMP, kContainerAddress, kServerAddress, echo);
    auto frame = world.receive();
    // Not allowed: says so.
    if (frame != nullptr && frame->packet.transport[0] == 3) {
      CHECK_EQ(frame->packet.transport[1], 13);
      CHECK(sys::write_kernel_file("/proc/sys/net/ipv4/ping_group_range", "0 0").ok());
      world.send(IPPROTO_ICMP, kContainerAddress, kServerAddress, echo);
      frame = world.receive();
    }
    CHECK(frame != nullptr && frame->packet.transport[0] == 0);
    CHECK_EQ(net::load16(&frame->packet.transport[4]), 0x1234);
    CHECK_EQ(std::string(reinterpret_cast<const char *>(&frame->packet.transport[8]), 7), std::string("payload"));
    CHECK(net::has_valid_checksum(frame->packet));
  });
}

TEST("a container that pings many leaves room for others") {
  with_server([] {
    World world({.echo_flows = 8, .echo_per_source = 6});
    CHECK(sys::write_kernel_file("/proc/sys/net/ipv4/ping_group_range", "0 0").ok());
    const auto ping = [&world](const char *from, char id) {
      std::string echo("\x08\0\0\0\x12\x34\0\x01payload", 15);
      echo[5] = id;
      world.send(IPPROTO_ICMP, from, kServerAddress, echo);
      const auto frame = world.receive();
      return frame != nullptr && frame->packet.transport[0] == 0;
    };
    int answered = 0;
    for (char id = 0; id < 10; ++id) answered += ping(kContainerAddress, id) ? 1 : 0;
    CHECK_EQ(answered, 6);
    CHECK(ping("10.88.0.6", 1));
    world.stack->forget_source(ip(kContainerAddress));
    CHECK(ping(kContainerAddress, 11));
  });
}

TEST("a protocol that is not translated is answered with protocol unreachable") {
  with_server([] {
    World world;
    world.send(IPPROTO_SCTP, kContainerAddress, kServerAddress, std::string(20, 'x'));
    const auto frame = world.receive();
    CHECK(frame != nullptr && frame->packet.transport[0] == 3 && frame->packet.transport[1] == 2);
  });
}

// Not a proof, but a hundred thousand tries (the fuzz targets have no end): whatever comes, the stack goes on working.
TEST("frames of garbage do no harm") {
  with_server([] {
    World world;
    Server server;
    uint64_t state = 42;
    const auto random = [&state] {
      state = state * 6364136223846793005U + 1442695040888963407U;
      return static_cast<uint32_t>(state >> 33);
    };
    for (int i = 0; i < 100'000; ++i) {
      std::string frame(12 + random() % 120, '\0');
      for (char &byte : frame) byte = static_cast<char>(random());
      if (frame.size() > 52 && random() % 8 != 0) {
        auto *at = reinterpret_cast<uint8_t *>(frame.data());
        at[0] = static_cast<uint8_t>(random() % 4);
        at[12] = 0x45;
        net::store16(at + 14, static_cast<uint32_t>(frame.size() - 12));
        if (random() % 4 != 0) net::store16(at + 18, 0);
        at[21] = random() % 2 == 0 ? uint8_t{IPPROTO_TCP} : uint8_t{IPPROTO_UDP};
        std::memcpy(at + 24, ip(kContainerAddress).v4(), 4);
        std::memcpy(at + 28, ip(random() % 4 == 0 ? "127.0.0.1" : kServerAddress).v4(), 4);
        net::store16(at + 32, 1000 + random() % 3);
        net::store16(at + 34, random() % 2 == 0 ? server.port : 9);
      }
      world.send_raw(frame);
      if (i % 64 == 0)
        while (world.receive(0) != nullptr) {
        }
    }
    while (world.receive(1) != nullptr) {
    }
    RawTcp tcp(world, server.port);
    tcp.port_here = 30000;
    CHECK(tcp.connect());
  });
}

}  // namespace
}  // namespace sampan::test
