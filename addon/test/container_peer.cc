// SPDX-License-Identifier: Apache-2.0
#include "addon/test/container_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "addon/net/bytes.h"
#include "addon/net/checksum.h"
#include "addon/test/own_network.h"
#include "addon/test/test.h"

namespace sampan::test {

using net::load16;
using net::store16;
using net::store32;

namespace {

class Alarm final : public net::Timer {
 public:
  void expired() override { rang = true; }
  bool rang = false;
};

constexpr uint16_t kTcpChecksum = 16;
constexpr uint16_t kUdpChecksum = 6;

}  // namespace

net::IpAddress ip(const char *text) {
  uint8_t bytes[16];
  if (::inet_pton(AF_INET, text, bytes) == 1) return net::IpAddress::from_v4(bytes);
  CHECK_EQ(::inet_pton(AF_INET6, text, bytes), 1);
  return net::IpAddress::from_v6(bytes);
}

void with_server(void (*body)()) { in_own_network({kServerAddress}, body); }

std::string make_udp(uint16_t from, uint16_t to, std::string_view payload) {
  std::string datagram(8, '\0');
  auto *at = reinterpret_cast<uint8_t *>(datagram.data());
  store16(at, from);
  store16(at + 2, to);
  store16(at + 4, static_cast<uint32_t>(8 + payload.size()));
  return datagram += payload;
}

World::World(net::StackLimits limits, std::vector<uint16_t> host_ports, uint32_t mtu) {
  make_stack(make_link(), limits, host_ports, nullptr, mtu);
}

World::World(net::HandoverTarget &handover, net::StackLimits limits) { make_stack(make_link(), limits, {}, &handover); }

World::World(BadTun bad) {
  CHECK(loop.open().ok());
  link_ = std::make_unique<ImpairedLink>(loop, std::move(bad.tun), bad.impairment);
  make_stack(link_->take_end(), {}, bad.host_ports, bad.handover);
}

unique_fd World::make_link() {
  CHECK(loop.open().ok());
  int ends[2];
  CHECK_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const int room = 8 * 1024 * 1024;
  for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  tun_.reset(ends[0]);
  return unique_fd(ends[1]);
}

void World::make_stack(unique_fd end, const net::StackLimits &limits, const std::vector<uint16_t> &host_ports,
                       net::HandoverTarget *handover, uint32_t mtu) {
  net::StackOptions options;
  options.mtu = mtu;
  options.tun = {std::move(end), true};
  options.prefixes[0] = net::IpPrefix::v4(ip("10.88.0.0"), 16);
  options.prefixes[1] = {ip("fd00:88::"), 64};
  options.prefix_count = 2;
  options.gateway_v4 = ip("10.88.0.1");
  options.gateway_v6 = ip("fd00:88::1");
  options.policy.host_alias_v4 = ip(kHostAlias);
  options.policy.host_alias_v6 = ip(kHostAliasV6);
  for (const uint16_t port : host_ports) options.policy.host_ports[options.policy.host_port_count++] = {port, port};
  options.limits = limits;
  options.handover = handover;
  auto made = net::StackResources::create(loop);
  CHECK(made.ok());
  resources = made.take();
  auto made_stack = net::Stack::create(*resources, std::move(options));
  CHECK(made_stack.ok());
  stack = made_stack.take();
}

void World::turn_for(uint64_t ms) {
  Alarm alarm;
  loop.arm(alarm, ms + 1);
  while (!alarm.rang) loop.turn();
}

std::unique_ptr<Received> World::receive(uint64_t patience_ms) {
  auto frame = std::make_unique<Received>();
  frame->bytes.resize(70000);
  const uint64_t begin = loop.now_ms();
  for (uint64_t waited = 0;; ++waited) {
    const ssize_t count = ::recv(tun_.get(), frame->bytes.data(), frame->bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
      frame->bytes.resize(static_cast<size_t>(count));
      break;
    }
    // Not longer on a slow machine: after 200 ms what was sent before would come again.
    const bool is_late = patience_ms < 100 && loop.now_ms() - begin >= patience_ms;
    if (waited >= patience_ms || is_late) return nullptr;
    turn_for(1);
  }
  std::memcpy(&frame->header, frame->bytes.data(), sizeof frame->header);
  CHECK(net::parse_frame(frame->bytes, frame->packet));
  if (frame->is_tcp()) CHECK(net::parse_tcp(frame->packet.transport, frame->segment));
  return frame;
}

void World::send(uint8_t protocol, const char *from, const char *to, std::string_view transport, uint16_t gso_size) {
  const net::IpAddress source = ip(from);
  const net::IpAddress destination = ip(to);
  const bool v4 = source.is_v4();
  const size_t header_size = v4 ? 20 : 40;
  std::string frame(sizeof(net::VnetHeader) + header_size, '\0');
  frame += transport;
  net::VnetHeader header;
  header.flags = net::VnetHeader::kNeedsChecksum;
  header.gso_size = gso_size;
  if (gso_size != 0)
    header.gso_type = protocol == IPPROTO_UDP ? net::VnetHeader::kGsoUdp
                                              : (v4 ? net::VnetHeader::kGsoTcpV4 : net::VnetHeader::kGsoTcpV6);
  std::memcpy(frame.data(), &header, sizeof header);
  auto *at = reinterpret_cast<uint8_t *>(frame.data()) + sizeof header;
  if (v4) {
    at[0] = 0x45;
    store16(at + 2, static_cast<uint32_t>(header_size + transport.size()));
    at[8] = 64;
    at[9] = protocol;
    std::memcpy(at + 12, source.v4(), 4);
    std::memcpy(at + 16, destination.v4(), 4);
  } else {
    at[0] = 0x60;
    store16(at + 4, static_cast<uint32_t>(transport.size()));
    at[6] = protocol;
    at[7] = 64;
    std::memcpy(at + 8, source.bytes, 16);
    std::memcpy(at + 24, destination.bytes, 16);
  }
  send_raw(frame);
}

void World::send_raw(std::string_view frame) {
  while (::send(tun_.get(), frame.data(), frame.size(), MSG_DONTWAIT) < 0 && errno == EAGAIN) turn_for(1);
}

RawTcp::RawTcp(World &owner, uint16_t port_there, const char *address, uint16_t here)
    : port_here(here), world_(owner), port_there_(port_there), address_(address) {}

void RawTcp::send(uint8_t flags, std::string_view payload, uint32_t seq_offset, uint16_t gso_size) {
  net::TcpSegment segment;
  segment.source_port = port_here;
  segment.destination_port = port_there_;
  segment.seq = seq + seq_offset;
  segment.ack = (flags & net::kTcpAck) != 0 ? ack : 0;
  segment.flags = flags;
  segment.window = window;
  if ((flags & net::kTcpSyn) != 0) {
    segment.mss = mss;
    segment.window_scale = scale;
    segment.sack_permitted = sack;
  }
  std::string transport(net::tcp_header_size(segment), '\0');
  net::write_tcp_header(segment, reinterpret_cast<uint8_t *>(transport.data()));
  transport += payload;
  const bool v4 = ip(address_.c_str()).is_v4();
  world_.send(IPPROTO_TCP, v4 ? kContainerAddress : kContainerV6, address_.c_str(), transport, gso_size);
}

void RawTcp::send_syn() { send(net::kTcpSyn); }

bool RawTcp::connect() {
  send_syn();
  // Longer than the second after which the host's kernel repeats a SYN that a busy machine has lost.
  const auto answer = receive(3000);
  if (answer == nullptr || answer->segment.flags != (net::kTcpSyn | net::kTcpAck)) return false;
  ++seq;
  if (answer->segment.ack != seq) return false;
  ack = answer->segment.seq + 1;
  send(net::kTcpAck);
  return true;
}

void RawTcp::write(std::string_view payload) {
  send(net::kTcpAck | net::kTcpPsh, payload, 0, payload.size() > mss ? mss : 0);
  seq += static_cast<uint32_t>(payload.size());
}

std::unique_ptr<Received> RawTcp::receive(uint64_t patience_ms) {
  for (;;) {
    auto frame = world_.receive(patience_ms);
    if (frame == nullptr) return nullptr;
    if (frame->is_tcp() && frame->segment.destination_port == port_here) return frame;
  }
}

std::string RawTcp::read(size_t size) {
  std::string data;
  while (data.size() < size) {
    const auto frame = receive();
    if (frame == nullptr) break;
    if (frame->segment.payload.empty() || frame->segment.seq != ack) continue;
    data += frame->payload();
    ack += static_cast<uint32_t>(frame->segment.payload.size());
    send(net::kTcpAck);
  }
  return data;
}

Server::Server(const char *address, int backlog) {
  net::SocketAddress here(ip(address), 0);
  listener.reset(::socket(here.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  CHECK_EQ(::bind(listener.get(), &here.any, here.length), 0);
  CHECK_EQ(::listen(listener.get(), backlog), 0);
  ::getsockname(listener.get(), &here.any, &here.length);
  port = here.port();
}

unique_fd Server::accept(World &world) {
  for (int i = 0; i < 500; ++i) {
    unique_fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) return fd;
    world.turn_for(1);
  }
  return {};
}

OpenTcp::OpenTcp(World &world, uint16_t port_here) : tcp(world, server.port, kServerAddress, port_here) {
  CHECK(tcp.connect());
  host = server.accept(world);
  CHECK(static_cast<bool>(host));
}

std::string read_host(World &world, const unique_fd &fd, size_t size) {
  std::string data;
  char buffer[65536];
  for (int waited = 0; data.size() < size && waited < 1000;) {
    const ssize_t count = ::recv(fd.get(), buffer, std::min(sizeof buffer, size - data.size()), MSG_DONTWAIT);
    if (count == 0) break;
    if (count > 0) {
      data.append(buffer, static_cast<size_t>(count));
      continue;
    }
    world.turn_for(1);
    ++waited;
  }
  return data;
}

int host_state(const unique_fd &fd) {
  char byte;
  const ssize_t count = ::recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  if (count >= 0) return static_cast<int>(count);
  return errno == EAGAIN ? -1 : -errno;
}

}  // namespace sampan::test
