// SPDX-License-Identifier: Apache-2.0
#include "addon/net/echo.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "addon/net/bytes.h"
#include "addon/net/checksum.h"
#include "addon/net/quoted_packet.h"

namespace sampan::net {

namespace {

constexpr size_t kHeaderSize = 8;
constexpr uint64_t kIdleMs = 30'000;
constexpr uint8_t kMeantHopLimit = 32;
constexpr int kCallsPerTurn = 16;

}  // namespace

void EchoFlow::ready(uint32_t events) { echo_.host_ready(*this, events); }
void EchoFlow::expired() { echo_.expired(*this); }

Echo::Echo(StackCore &core)
    : core_(core),
      pool_(core.limits.echo_flows),
      table_(core.secret, core.limits.echo_flows),
      per_source_(core.secret) {}

Echo::~Echo() {
  pool_.for_each([this](EchoFlow &flow) {
    if (!flow.dead) remove(flow);
  });
  turn_end();
}

void Echo::receive(const Packet &packet) {
  const bool v4 = packet.source.is_v4();
  const std::span<const uint8_t> message = packet.transport;
  const uint8_t request = v4 ? uint8_t{ICMP_ECHO} : uint8_t{ICMPV6_ECHO_REQUEST};
  if (message.size() < kHeaderSize || message[0] != request || message[1] != 0 || !has_valid_checksum(packet)) {
    ++core_.counters.invalid;
    return;
  }
  const FlowKey key = {packet.source, packet.destination, load16(&message[4]), 0};
  EchoFlow *flow = table_.find(key);
  if (flow == nullptr) flow = make_flow(key, packet);
  if (flow != nullptr) send(*flow, packet);
}

// #syscalls: socket connect epoll_ctl
EchoFlow *Echo::make_flow(const FlowKey &key, const Packet &packet) {
  const Route route = core_.route(key.destination, 0);
  if (route.verdict == Verdict::dropped) return nullptr;
  const bool v4 = key.source.is_v4();
  const int protocol = v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  uint32_t &count = per_source_.of(key.source);
  const bool has_room = count < core_.limits.echo_per_source && pool_.has_room();
  // EACCES: net.ipv4.ping_group_range.
  unique_fd fd;
  if (route.verdict == Verdict::allowed && has_room)
    fd.reset(::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  EchoFlow *flow = fd ? pool_.make(*this, key) : nullptr;
  if (flow == nullptr) {
    ++(route.verdict == Verdict::allowed ? core_.counters.limited : core_.counters.refused);
    core_.send_error({IcmpReason::prohibited}, packet);
    return nullptr;
  }
  ++count;
  enable_error_queue(fd.get(), v4);
  const SocketAddress address(route.host_address, 0);
  const int number = ::connect(fd.get(), &address.any, address.length) == 0 ? 0 : errno;
  flow->fd = std::move(fd);
  table_.insert(*flow);
  if (number != 0 || !core_.loop.watch(*flow, flow->fd.get(), EPOLLIN)) {
    core_.send_error(icmp_error_of_errno(number), packet);
    remove(*flow);
    return nullptr;
  }
  core_.loop.arm(*flow, kIdleMs);
  return flow;
}

// #syscalls: setsockopt sendto
void Echo::send(EchoFlow &flow, const Packet &packet) {
  flow.used_ms = core_.loop.now_ms();
  const bool v4 = packet.source.is_v4();
  const uint8_t hop_limit = packet.hop_limit < kMeantHopLimit ? packet.hop_limit : 0;
  if (hop_limit != flow.hop_limit) {
    const int hops = hop_limit == 0 ? -1 : hop_limit;
    ::setsockopt(flow.fd.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS, &hops, sizeof hops);
    flow.hop_limit = hop_limit;
  }
  // icmp(7): the kernel puts the socket's identifier and the checksum in.
  const std::span<const uint8_t> message = packet.transport;
  if (::send(flow.fd.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN)
    return;
  const int number = errno;
  HostError error;
  if (read_error(flow.fd.get(), error)) {
    report_error(flow, error);
    ::send(flow.fd.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } else if (number != EMSGSIZE) {
    core_.send_error(icmp_error_of_errno(number), packet);
  }
}

void Echo::host_ready(EchoFlow &flow, uint32_t events) {
  if ((events & EPOLLERR) != 0) {
    HostError error;
    for (int i = 0; i < kCallsPerTurn && read_error(flow.fd.get(), error); ++i) report_error(flow, error);
  }
  for (int i = 0; i < kCallsPerTurn && receive_host(flow); ++i) {
  }
}

// #syscalls: recvfrom
bool Echo::receive_host(EchoFlow &flow) {
  uint8_t *message = core_.frame_out.payload();
  const ssize_t count = ::recv(flow.fd.get(), message, FrameBuffer::kCapacity, MSG_DONTWAIT);
  if (count < 0) return errno != EAGAIN;
  const auto size = static_cast<size_t>(count);
  if (size < kHeaderSize) return true;
  const bool v4 = flow.key.source.is_v4();
  PacketOut out;
  out.source = flow.key.destination;
  out.destination = flow.key.source;
  out.protocol = v4 ? uint8_t{IPPROTO_ICMP} : uint8_t{IPPROTO_ICMPV6};
  store16(message + 4, flow.key.source_port);
  store16(message + 2, 0);
  const uint64_t sum = v4 ? 0 : pseudo_header_sum(out.source, out.destination, out.protocol, size);
  store16(message + 2, static_cast<uint16_t>(~fold(add_sum(sum, message, size))));
  core_.link.send_fragmenting(out, message, size);
  return true;
}

// The container's kernel finds the socket by the identifier that is quoted.
void Echo::report_error(const EchoFlow &flow, const HostError &error) {
  const bool v4 = flow.key.source.is_v4();
  QuotedPacket quoted(flow.key, v4 ? uint8_t{IPPROTO_ICMP} : uint8_t{IPPROTO_ICMPV6});
  uint8_t *message = quoted.transport();
  message[0] = v4 ? uint8_t{ICMP_ECHO} : uint8_t{ICMPV6_ECHO_REQUEST};
  message[1] = 0;
  store16(message + 2, 0);
  store16(message + 4, flow.key.source_port);
  core_.send_error(error.error, error.offender, quoted.packet());
}

void Echo::expired(EchoFlow &flow) {
  const uint64_t idle = core_.loop.now_ms() - flow.used_ms;
  if (idle >= kIdleMs) return remove(flow);
  core_.loop.arm(flow, kIdleMs - idle);
}

void Echo::remove(EchoFlow &flow) {
  core_.loop.disarm(flow);
  core_.loop.forget(flow, flow.fd.get());
  flow.fd.reset();
  table_.remove(flow);
  --per_source_.of(flow.key.source);
  flow.dead = true;
  flow.next_dead = dead_;
  dead_ = &flow;
}

void Echo::turn_end() {
  while (dead_ != nullptr) {
    EchoFlow *flow = dead_;
    dead_ = flow->next_dead;
    pool_.destroy(flow);
  }
}

void Echo::forget_source(const IpAddress &source) {
  pool_.for_each([&](EchoFlow &flow) {
    if (!flow.dead && flow.key.source == source) remove(flow);
  });
}

}  // namespace sampan::net
