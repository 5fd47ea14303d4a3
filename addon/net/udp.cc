// SPDX-License-Identifier: Apache-2.0
// The tables of ports and flows.
#include "addon/net/udp.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "addon/net/bytes.h"
#include "addon/net/error_queue.h"
#include "addon/net/udp_socket.h"

namespace sampan::net {

namespace {

constexpr uint16_t kDnsPort = 53;
// RFC 4787 4.3: not less than two minutes, five recommended; what was never answered, and DNS, is over sooner.
constexpr uint64_t kIdleMs = 300'000;
constexpr uint64_t kShortIdleMs = 30'000;
constexpr uint64_t kLookMs = 10'000;

uint64_t idle_limit(const UdpFlow &flow) {
  return !flow.answered || flow.key.destination_port == kDnsPort ? kShortIdleMs : kIdleMs;
}

}  // namespace

void UdpPort::ready(uint32_t events) { udp_.host_ready(*this, events); }
void UdpPort::expired() { udp_.expired(*this); }

Udp::Udp(StackCore &core)
    : core_(core),
      ports_(core.limits.udp_flows),
      flows_(core.limits.udp_flows),
      port_table_(core.secret, core.limits.udp_flows),
      flow_table_(core.secret, core.limits.udp_flows),
      per_source_(core.secret),
      rate_(core.loop, core.joiner) {}

Udp::~Udp() {
  ports_.for_each([this](UdpPort &port) {
    if (!port.dead) remove_port(port);
  });
  turn_end();
}

void Udp::receive(const Packet &packet) {
  const std::span<const uint8_t> datagram = packet.transport;
  if (datagram.size() < kUdpHeaderSize || !has_valid_checksum(packet)) {
    ++core_.counters.invalid;
    return;
  }
  const uint16_t length = load16(&datagram[4]);
  const FlowKey key = {packet.source, packet.destination, load16(&datagram[0]), load16(&datagram[2])};
  // The header of a frame with several datagrams speaks of all of them.
  if (length < kUdpHeaderSize || length > datagram.size() || key.source_port == 0 || key.destination_port == 0) {
    ++core_.counters.invalid;
    return;
  }
  // Who writes frames himself could have us send one byte at a time.
  if (packet.gso_size != 0 && length > packet.gso_size * kMostSegments + kUdpHeaderSize) {
    ++core_.counters.invalid;
    return;
  }
  UdpFlow *flow = flow_table_.find(key);
  if (flow == nullptr) flow = find_or_make_flow(key, packet);
  if (flow == nullptr) return;
  flow->used_ms = core_.loop.now_ms();
  const std::span<const uint8_t> payload = datagram.subspan(kUdpHeaderSize, length - kUdpHeaderSize);
  set_options(*flow->port, packet, packet.gso_size != 0 ? packet.gso_size : payload.size());
  const bool single = packet.gso_size == 0 || packet.gso_size >= payload.size();
  rate_.came(single ? 1 : static_cast<uint32_t>(payload.size() / packet.gso_size));
  if (single) return collect(*flow, payload);
  flush();
  send(*flow, payload, packet.gso_size);
}

UdpFlow *Udp::find_or_make_flow(const FlowKey &key, const Packet &packet) {
  const Route route = core_.route(key.destination, key.destination_port);
  if (route.verdict != Verdict::allowed) {
    ++core_.counters.refused;
    if (route.verdict == Verdict::refused) core_.send_error({IcmpReason::port_unreachable}, packet);
    if (route.verdict == Verdict::prohibited) core_.send_error({IcmpReason::prohibited}, packet);
    return nullptr;
  }
  uint32_t &count = per_source_.of(key.source);
  if (count >= core_.limits.udp_per_source || flows_.used() >= core_.limits.udp_flows) {
    ++core_.counters.limited;
    core_.send_error({IcmpReason::prohibited}, packet);
    return nullptr;
  }
  UdpPort *port = find_or_make_port({key.source, {}, key.source_port, 0}, packet);
  if (port == nullptr) return nullptr;
  UdpFlow *flow = flows_.make();
  if (flow == nullptr) return nullptr;
  flow->key = key;
  flow->port = port;
  flow->host_address = route.host_address;
  flow->next_of_port = port->flows;
  port->flows = flow;
  flow_table_.insert(*flow);
  ++count;
  ++core_.counters.udp_flows;
  return flow;
}

// #syscalls: socket setsockopt epoll_ctl
UdpPort *Udp::find_or_make_port(const FlowKey &key, const Packet &packet) {
  if (UdpPort *known = port_table_.find(key)) return known;
  const bool v4 = key.source.is_v4();
  unique_fd fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  UdpPort *port = fd ? ports_.make(*this, key) : nullptr;
  // It would never hear an answer.
  if (port != nullptr && !core_.loop.watch(*port, fd.get(), EPOLLIN)) {
    ports_.destroy(port);
    port = nullptr;
  }
  if (port == nullptr) {
    ++core_.counters.limited;
    core_.send_error({IcmpReason::prohibited}, packet);
    return nullptr;
  }
  enable_error_queue(fd.get(), v4);
  widen_buffers(fd.get());
  if (core_.link.udp_segments()) accept_trains(fd.get());
  port->fd = std::move(fd);
  port_table_.insert(*port);
  core_.loop.arm(*port, kLookMs);
  return port;
}

void Udp::expired(UdpPort &port) {
  const uint64_t now = core_.loop.now_ms();
  for (UdpFlow *flow = port.flows; flow != nullptr;) {
    UdpFlow *next = flow->next_of_port;
    if (now - flow->used_ms >= idle_limit(*flow)) remove_flow(*flow);
    flow = next;
  }
  if (port.flows == nullptr) return remove_port(port);
  core_.loop.arm(port, kLookMs);
}

void Udp::remove_flow(UdpFlow &flow) {
  if (batch_.flow == &flow) flush();
  for (UdpFlow **link = &flow.port->flows; *link != nullptr; link = &(*link)->next_of_port) {
    if (*link != &flow) continue;
    *link = flow.next_of_port;
    break;
  }
  flow_table_.remove(flow);
  --per_source_.of(flow.key.source);
  --core_.counters.udp_flows;
  flows_.destroy(&flow);
}

void Udp::remove_port(UdpPort &port) {
  while (port.flows != nullptr) remove_flow(*port.flows);
  core_.loop.disarm(port);
  core_.loop.forget(port, port.fd.get());
  port.fd.reset();
  port_table_.remove(port);
  port.dead = true;
  port.next_dead = dead_;
  dead_ = &port;
}

void Udp::turn_end() {
  flush();
  while (dead_ != nullptr) {
    UdpPort *port = dead_;
    dead_ = port->next_dead;
    ports_.destroy(port);
  }
}

void Udp::forget_source(const IpAddress &source) {
  ports_.for_each([&](UdpPort &port) {
    if (!port.dead && port.key.source == source) remove_port(port);
  });
}

void Udp::trim() {
  ports_.trim();
  flows_.trim();
}

}  // namespace sampan::net
