// SPDX-License-Identifier: Apache-2.0
#include "addon/net/publisher_core.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>

#include "addon/net/tcp_options.h"
#include "addon/net/udp_listener.h"

namespace sampan::net {

namespace {

constexpr int kBacklog = 4096;  // the kernel takes net.core.somaxconn at most

bool is_loopback(const IpAddress &address) {
  if (address.is_v4()) return address.v4()[0] == 127;
  constexpr IpAddress kLoopback{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  return address == kLoopback;
}

// Of one link, so without meaning on another.
bool is_link_local(const IpAddress &address) {
  if (address.is_v4()) return address.v4()[0] == 169 && address.v4()[1] == 254;
  return address.bytes[0] == 0xFE && (address.bytes[1] & 0xC0) == 0x80;
}

bool is_connecting(int result) { return result == 0 || errno == EINPROGRESS; }

Error on_port(const char *call, const PublishedPort &port) {
  const int number = errno;
  const IpAddress &address = port.host_address;
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(address.is_v4() ? AF_INET : AF_INET6, address.is_v4() ? address.v4() : address.bytes, text, sizeof text);
  const std::string place = address.is_v4() ? std::string(text) : '[' + std::string(text) + ']';
  return Error{number, call, place + ':' + std::to_string(port.host_port) + (port.is_udp ? "/udp" : "/tcp")};
}

}  // namespace

PublisherCore::PublisherCore(PublisherResourcesImpl &shared, InnerSocketSource &inner, std::span<const IpPrefix> own,
                             const PublisherLimits &limits, const SipKey &key)
    : resources(shared),
      relays(limits.connections),
      flows(limits.udp_flows),
      flow_table(key, limits.udp_flows),
      inner_(inner),
      own_(own.begin(), own.end()) {
  loop().add(*this);
}

PublisherCore::~PublisherCore() {
  loop().remove(*this);
  turn_end();
}

bool PublisherCore::turn_end() {
  for (SpliceRelay *relay : std::exchange(unfinished_, {})) {
    if (relay->is_open()) relay->resume();
  }
  std::erase_if(unfinished_, [](const SpliceRelay *relay) { return !relay->is_open(); });
  bury_dead();
  return !unfinished_.empty();
}

void PublisherCore::bury_dead() {
  for (SpliceRelay *relay : std::exchange(dead_relays_, {})) {
    std::replace(finished_.begin(), finished_.end(), relay, static_cast<SpliceRelay *>(nullptr));
    relays.destroy(relay);
  }
  for (InboundFlow *flow : std::exchange(dead_flows_, {})) flows.destroy(flow);
  dead_sockets_.clear();
}

void PublisherCore::close_later(SpliceRelay &relay) {
  SpliceRelay *&place = finished_[next_finished_++ % finished_.size()];
  if (place != nullptr && !place->is_closed()) place->close();
  place = &relay;
  loop().note_idle_work();
  // The same client's next connection is likely to be on its way.
  loop().expect_answer();
}

bool PublisherCore::idle_step() {
  for (SpliceRelay *&relay : finished_) {
    if (relay == nullptr) continue;
    relay->close();
    relay = nullptr;
    bury_dead();
    return true;
  }
  return false;
}

bool PublisherCore::can_carry(const SocketAddress &client, const SocketAddress &target) const {
  const IpAddress address = client.address();
  if (client.any.sa_family != target.any.sa_family || is_loopback(address) || is_link_local(address)) return false;
  return std::ranges::none_of(own_, [&address](const IpPrefix &prefix) { return prefix.contains(address); });
}

// #syscalls: bind setsockopt
bool PublisherCore::bind_to_client(int fd, const SocketAddress &client, const SocketAddress &target, int type) {
  if (type == SOCK_STREAM) return ::bind(fd, &client.any, client.length) == 0;
  const int on = 1;
  const auto may_be_shared = [&] { return ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0; };
  if (::bind(fd, &client.any, client.length) == 0) return may_be_shared();
  // Shared with flows to other ports of containers, by which the kernel tells the answers apart.
  return errno == EADDRINUSE && !has_flow(client, target) && may_be_shared() &&
         ::bind(fd, &client.any, client.length) == 0;
}

// A client may call one port of a container at two addresses or ports of the host.
bool PublisherCore::has_flow(const SocketAddress &client, const SocketAddress &target) {
  bool found = false;
  flows.for_each([&](const InboundFlow &flow) {
    const PublishedPort &to = flow.port.port;
    found |= flow.key.source == client.address() && flow.key.source_port == client.port() &&
             to.container == target.address() && to.container_port == target.port();
  });
  return found;
}

// #syscalls: connect
Result<unique_fd> PublisherCore::connect_inner(const SocketAddress &client, const SocketAddress &target, int type) {
  if (can_carry(client, target)) {
    auto socket = inner_.take(target.any.sa_family, type);
    if (!socket) return socket;
    const int fd = socket.value().get();
    if (bind_to_client(fd, client, target, type) && is_connecting(::connect(fd, &target.any, target.length)))
      return socket;
    // The same client's last connection is not over yet in the network: better the gateway's address than none.
    if (errno != EADDRINUSE && errno != EADDRNOTAVAIL) return last_error("connect");
  }
  return connect_from_gateway(target, type);
}

// #syscalls: connect
Result<unique_fd> PublisherCore::connect_from_gateway(const SocketAddress &target, int type) {
  ++counters.anonymous;
  auto socket = inner_.take(target.any.sa_family, type);
  if (socket && !is_connecting(::connect(socket.value().get(), &target.any, target.length)))
    return last_error("connect");
  return socket;
}

// #syscalls: socket setsockopt bind listen getsockname
Result<unique_fd> open_host_socket(const PublishedPort &port, uint16_t *bound_port) {
  SocketAddress address(port.host_address, port.host_port);
  const int family = address.any.sa_family;
  unique_fd socket(::socket(family, (port.is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return on_port("socket", port);
  const int on = 1;
  // Connections of an earlier container may linger in TIME_WAIT. (UDP: it would share the port with somebody else.)
  if (!port.is_udp && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
    return on_port("setsockopt", port);
  if (family == AF_INET6 && ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
    return on_port("setsockopt", port);
  // Those that are accepted inherit it.
  if (!port.is_udp) keep_urgent_data(socket.get());
  if (::bind(socket.get(), &address.any, address.length) != 0) return on_port("bind", port);
  if (!port.is_udp && ::listen(socket.get(), kBacklog) != 0) return on_port("listen", port);
  address.length = sizeof address.v6;
  if (::getsockname(socket.get(), &address.any, &address.length) != 0) return on_port("getsockname", port);
  *bound_port = address.port();
  return socket;
}

}  // namespace sampan::net
