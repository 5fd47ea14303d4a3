// SPDX-License-Identifier: Apache-2.0
// What a container hears of a datagram that went nowhere: what the host's kernel tells a program of its own.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <vector>

#include "addon/net/bytes.h"
#include "addon/net/checksum.h"
#include "addon/sys/file.h"
#include "addon/sys/netlink.h"
#include "addon/test/container_peer.h"
#include "addon/test/own_network.h"
#include "addon/test/shortage.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

constexpr size_t kQuote = 8 + 20;  // behind the ICMP and the quoted IP header
constexpr const char *kQuestion = "anybody there?";
constexpr const char *kLinkAddress = "198.18.5.1";
constexpr const char *kNeighbour = "198.18.5.77";

void check_quote(const net::Packet &packet) {
  const auto transport = packet.transport;
  CHECK_EQ(transport.size(), kQuote + 8 + std::strlen(kQuestion));
  CHECK_EQ(net::load16(&transport[kQuote]), 5000);
  CHECK_EQ(net::load16(&transport[kQuote + 2]), 9);
  CHECK_EQ(std::string(reinterpret_cast<const char *>(&transport[kQuote + 8]), transport.size() - kQuote - 8),
           std::string(kQuestion));
  CHECK(net::has_valid_checksum(packet));
}

// An Ethernet link of the host where nobody answers ARP; an empty one, after a word about it: no tun here.
unique_fd open_silent_link() {
  unique_fd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    std::fprintf(stderr, "not tried: /dev/net/tun cannot be opened\n");
    return fd;
  }
  ifreq request = {};
  std::strcpy(request.ifr_name, "silent0");
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  CHECK_EQ(::ioctl(fd.get(), TUNSETIFF, &request), 0);
  CHECK(sys::write_kernel_file("/proc/sys/net/ipv4/neigh/silent0/retrans_time_ms", "20").ok());
  CHECK(sys::write_kernel_file("/proc/sys/net/ipv4/neigh/silent0/mcast_solicit", "1").ok());
  auto netlink = sys::Netlink::open();
  const auto index = sys::interface_index("silent0");
  CHECK(netlink.ok() && index.ok());
  sys::InterfaceAddress address{.family = AF_INET, .prefix_length = 24};
  std::memcpy(address.bytes, ip(kLinkAddress).v4(), 4);
  sys::NetlinkBatch batch;
  batch.add_address(index.value(), address);
  batch.set_up(index.value());
  CHECK(netlink.value().run(batch).ok());
  return fd;
}

// The datagram is answered with "destination unreachable" of this code.
std::unique_ptr<Received> send_in_vain(World &world, const char *to, uint8_t code, uint64_t patience_ms = 1000) {
  world.send(IPPROTO_UDP, kContainerAddress, to, make_udp(5000, 9, kQuestion));
  auto error = world.receive(patience_ms);
  CHECK(error != nullptr && error->packet.protocol == IPPROTO_ICMP);
  if (error == nullptr) return error;
  CHECK_EQ(error->packet.transport[0], 3);
  CHECK_EQ(error->packet.transport[1], code);
  check_quote(error->packet);
  return error;
}

TEST(
    "a neighbour of the host that does not answer is unreachable, as the host's kernel says, with the datagram's "
    "data") {
  in_own_network({kServerAddress}, [] {
    const unique_fd link = open_silent_link();
    if (!link) return;
    World world;
    const auto error = send_in_vain(world, kNeighbour, 1, 5000);
    CHECK(error != nullptr && error->packet.source == ip(kLinkAddress));
  });
}

// One port of the container, three datagrams to one host and then one to another: the errors of the three come
// together, and before that one is sent.
TEST("errors that wait for datagrams to one host keep none from another") {
  in_own_network({kServerAddress}, [] {
    const unique_fd link = open_silent_link();
    if (!link) return;
    World world;
    net::SocketAddress here(ip(kServerAddress), 0);
    const unique_fd server(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    CHECK_EQ(::bind(server.get(), &here.any, here.length), 0);
    CHECK_EQ(::getsockname(server.get(), &here.any, &here.length), 0);
    for (const char *text : {"one", "another", "the third one"})
      world.send(IPPROTO_UDP, kContainerAddress, kNeighbour, make_udp(5000, 9, text));
    world.turn_for(1);
    world.send(IPPROTO_UDP, kContainerAddress, kServerAddress, make_udp(5000, here.port(), kQuestion));
    ::usleep(500'000);
    char received[64];
    ssize_t count = -1;
    for (int i = 0; i < 100 && count < 0; ++i) {
      world.turn_for(1);
      count = ::recv(server.get(), received, sizeof received, 0);
    }
    CHECK_EQ(count, std::strlen(kQuestion));
    for (int i = 0; i < 3; ++i) {
      const auto error = world.receive();
      CHECK(error != nullptr && error->packet.protocol == IPPROTO_ICMP && error->packet.source == ip(kLinkAddress));
    }
    CHECK(world.nothing_comes());
  });
}

// ICMP_NET_UNKNOWN: a connected socket fails with ENETUNREACH; the code of routers, 0, would be kept from it.
TEST("a datagram without a route is answered with the error that a connected socket is told") {
  in_own_network({kServerAddress}, [] {
    World world;
    send_in_vain(world, kUnroutedAddress, 6);
  });
}

TEST("a closed port is reported with the datagram's data") {
  in_own_network({kServerAddress}, [] {
    World world;
    send_in_vain(world, kServerAddress, 3);
  });
}

TEST("a datagram whose answer could not be heard is prohibited") {
  in_own_network({kServerAddress}, [] {
    World world;
    let_no_more_be_watched();
    send_in_vain(world, kServerAddress, 13);
    CHECK_EQ(world.stack->counters().udp_flows, 0);
    CHECK_EQ(world.stack->counters().limited, 1);
  });
}

std::string make_fragment_v4(std::string_view part, size_t offset, bool more) {
  std::string frame(sizeof(net::VnetHeader) + 20, '\0');
  frame[0] = net::VnetHeader::kChecksumValid;
  auto *at = reinterpret_cast<uint8_t *>(frame.data()) + sizeof(net::VnetHeader);
  at[0] = 0x45;
  net::store16(at + 2, static_cast<uint32_t>(20 + part.size()));
  net::store16(at + 4, 77);
  net::store16(at + 6, static_cast<uint32_t>(offset / 8) | (more ? 0x2000U : 0U));
  at[8] = 64;
  at[9] = IPPROTO_UDP;
  std::memcpy(at + 12, ip(kContainerAddress).v4(), 4);
  std::memcpy(at + 16, ip("127.0.0.1").v4(), 4);
  return frame.append(part);
}

std::string make_fragment_v6(std::string_view part, size_t offset, bool more, uint8_t protocol = IPPROTO_UDP) {
  std::string transport(8, '\0');
  auto *at = reinterpret_cast<uint8_t *>(transport.data());
  at[0] = protocol;
  net::store16(at + 2, static_cast<uint32_t>(offset) | (more ? 1U : 0U));
  net::store32(at + 4, 77);
  return transport.append(part);
}

// The ICMP error's data, read as the packet that it quotes the beginning of.
net::Packet quoted_by(const Received &error, size_t whole_size, std::vector<uint8_t> &bytes) {
  const auto quote = error.packet.transport.subspan(8);
  bytes.assign(sizeof(net::VnetHeader), 0);
  bytes.insert(bytes.end(), quote.begin(), quote.end());
  bytes.resize(sizeof(net::VnetHeader) + whole_size);
  net::Packet packet;
  CHECK(net::parse_frame(bytes, packet));
  return packet;
}

TEST("an error for a datagram that came in fragments quotes it with its IP header, IPv4 and IPv6") {
  in_own_network({kServerAddress}, [] {
    World world;
    const std::string whole = make_udp(5000, 9, std::string(3000, 'x'));
    for (const bool v4 : {true, false}) {
      for (const size_t offset : {1480, 0}) {
        const std::string_view part = std::string_view(whole).substr(offset, offset == 0 ? 1480 : whole.size());
        if (v4) world.send_raw(make_fragment_v4(part, offset, offset == 0));
        if (!v4) world.send(IPPROTO_FRAGMENT, kContainerV6, "::1", make_fragment_v6(part, offset, offset == 0));
      }
      const auto frame = world.receive();
      CHECK(frame != nullptr && frame->packet.protocol == (v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}));
      if (frame == nullptr) return;
      std::vector<uint8_t> bytes;
      const size_t header_size = v4 ? 20 : 40;
      const net::Packet quoted = quoted_by(*frame, header_size + whole.size(), bytes);
      CHECK(quoted.source == ip(v4 ? kContainerAddress : kContainerV6));
      CHECK(quoted.destination == ip(v4 ? "127.0.0.1" : "::1"));
      CHECK_EQ(quoted.protocol, IPPROTO_UDP);
      CHECK(!quoted.is_fragment);
      CHECK_EQ(quoted.transport.size(), whole.size());
      CHECK_EQ(std::memcmp(quoted.transport.data(), whole.data(), 500), 0);
      if (v4) CHECK_EQ(net::fold(net::add_sum(0, quoted.whole.data(), header_size)), 0xFFFF);
      CHECK(net::has_valid_checksum(frame->packet));
    }
  });
}

// RFC 8200 4.5: all that follows the fragment header is what was cut into pieces.
TEST("fragments of a datagram that has destination options are put together") {
  in_own_network({kServerAddress}, [] {
    World world;
    const std::string datagram = make_udp(5000, 9, std::string(3000, 'x'));
    const char options[] = {IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0};  // padding
    const std::string whole = std::string(options, sizeof options) + datagram;
    for (const size_t offset : {0, 1480}) {
      const std::string_view part = std::string_view(whole).substr(offset, offset == 0 ? 1480 : whole.size());
      world.send(IPPROTO_FRAGMENT, kContainerV6, "::1", make_fragment_v6(part, offset, offset == 0, IPPROTO_DSTOPTS));
    }
    const auto frame = world.receive();
    CHECK(frame != nullptr && frame->packet.protocol == IPPROTO_ICMPV6);
    if (frame == nullptr) return;
    std::vector<uint8_t> bytes;
    const net::Packet quoted = quoted_by(*frame, 40 + whole.size(), bytes);
    CHECK_EQ(quoted.protocol, IPPROTO_UDP);
    CHECK_EQ(quoted.transport.size(), datagram.size());
    CHECK_EQ(std::memcmp(quoted.transport.data(), datagram.data(), 500), 0);
  });
}

}  // namespace
}  // namespace sampan::test
