// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_ports.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sampan {

namespace {

// Any free port has to be free at several addresses.
constexpr int kTriesForAny = 32;

const sys::InterfaceAddress *address_of(const EndpointDescription &endpoint, int family) {
  const auto found = std::find_if(endpoint.addresses.begin(), endpoint.addresses.end(),
                                  [family](const auto &address) { return address.family == family; });
  return found == endpoint.addresses.end() ? nullptr : &*found;
}

// The container's address of the same family, else the one that it has.
const sys::InterfaceAddress *target_of(const EndpointDescription &endpoint, const net::IpAddress &host_address) {
  const auto *target = address_of(endpoint, host_address.is_v4() ? AF_INET : AF_INET6);
  return target != nullptr || endpoint.addresses.empty() ? target : &endpoint.addresses.front();
}

std::vector<net::PublishedPort> expand(const EndpointDescription &endpoint, const PublishDescription &wanted) {
  std::vector<net::PublishedPort> ports;
  for (const auto &host_address : wanted.host_addresses) {
    const auto *target = target_of(endpoint, host_address);
    if (target == nullptr) continue;
    const auto *other = target->family == AF_INET6 ? address_of(endpoint, AF_INET) : nullptr;
    ports.push_back({.is_udp = wanted.is_udp,
                     .host_address = host_address,
                     .host_port = wanted.host_ports.first,
                     .container = to_ip_address(*target),
                     .container_port = wanted.container_port,
                     .other_container = other == nullptr ? net::IpAddress{} : to_ip_address(*other)});
  }
  return ports;
}

// One port of the host at all addresses, or at none.
Result<uint16_t> publish_at(net::Publisher &publisher, std::vector<net::PublishedPort> ports, uint16_t number) {
  for (size_t i = 0; i < ports.size(); ++i) {
    ports[i].host_port = number;
    const auto published = publisher.publish(ports[i]);
    if (!published) {
      while (i-- > 0) publisher.withdraw(ports[i]);
      return published.error();
    }
    number = ports[i].host_port = published.value();
  }
  return number;
}

// `preferred`: of a port that may be any, when it is not 0: then many ports follow each other, and are told in one
// line.
Status publish_one(net::Publisher &publisher, const EndpointDescription &endpoint, uint16_t preferred,
                   PublishDescription *wanted) {
  const auto ports = expand(endpoint, *wanted);
  const bool any = wanted->host_ports.first == 0;
  if (any && preferred != 0 && !ports.empty() && publish_at(publisher, ports, preferred)) {
    wanted->host_ports = {preferred, preferred};
    return {};
  }
  const int tries = any ? kTriesForAny : wanted->host_ports.last - wanted->host_ports.first + 1;
  Error failure{EADDRNOTAVAIL, "publish", std::to_string(wanted->container_port)};
  for (int i = 0; i < tries && !ports.empty(); ++i) {
    const auto published =
        publish_at(publisher, ports, any ? uint16_t{0} : static_cast<uint16_t>(wanted->host_ports.first + i));
    if (published) {
      wanted->host_ports = {published.value(), published.value()};
      return {};
    }
    failure = published.error();
    if (failure.number != EADDRINUSE) break;
  }
  return failure;
}

// The port of the host behind the last one's, when it was any and the next one leads to the port behind its.
class PortSeries {
 public:
  uint16_t preferred(const PublishDescription &next) const {
    const bool goes_on = is_open_ && next.host_ports.first == 0 && next.container_port == container_port_ + 1;
    return goes_on && host_port_ < UINT16_MAX ? static_cast<uint16_t>(host_port_ + 1) : uint16_t{0};
  }
  void took(bool any, const PublishDescription &port) {
    is_open_ = any;
    host_port_ = port.host_ports.first;
    container_port_ = port.container_port;
  }

 private:
  bool is_open_ = false;
  uint16_t host_port_ = 0;
  uint16_t container_port_ = 0;
};

Status publish_next(net::Publisher &publisher, const EndpointDescription &endpoint, PortSeries &series,
                    PublishDescription *wanted) {
  const bool any = wanted->host_ports.first == 0;
  auto published = publish_one(publisher, endpoint, series.preferred(*wanted), wanted);
  series.took(any && published, *wanted);
  return published;
}

bool same_ports(const PublishDescription &one, const PublishDescription &other) {
  return one.is_udp == other.is_udp && one.container_port == other.container_port &&
         one.host_ports.first == other.host_ports.first && one.host_ports.last == other.host_ports.last;
}

bool has(const EndpointDescription &endpoint, const PublishDescription &wanted) {
  return std::any_of(endpoint.published.begin(), endpoint.published.end(), [&](const auto &port) {
    return same_ports(port, wanted) && port.host_addresses == wanted.host_addresses;
  });
}

// Those of `ports` whose port of the container no published one leads to.
std::vector<PublishDescription> unused(const EndpointDescription &endpoint, std::vector<PublishDescription> ports) {
  std::erase_if(ports, [&](const auto &port) {
    return std::any_of(endpoint.published.begin(), endpoint.published.end(), [&](const auto &other) {
      return other.is_udp == port.is_udp && other.container_port == port.container_port;
    });
  });
  return ports;
}

EndpointDescription with_ports(const EndpointDescription &endpoint, std::vector<PublishDescription> ports) {
  EndpointDescription changed = endpoint;
  changed.published = std::move(ports);
  return changed;
}

}  // namespace

Status NetdPorts::open(net::EventLoop &loop, NetworkAgent &agent) {
  agent_ = &agent;
  auto resources = net::PublisherResources::create(loop);
  if (!resources) return resources.error();
  resources_ = resources.take();
  return {};
}

Status NetdPorts::publish(int network_namespace, EndpointDescription *endpoint) {
  auto wanted = std::exchange(endpoint->published, {});
  return wanted.empty() ? Status() : add(network_namespace, endpoint, &wanted);
}

void NetdPorts::restore(int network_namespace, EndpointDescription *endpoint) {
  for (auto &port : std::exchange(endpoint->published, {})) {
    std::vector<PublishDescription> wanted = {port};
    (void)add(network_namespace, endpoint, &wanted);
  }
}

void NetdPorts::withdraw(const EndpointDescription &endpoint) {
  Network *found = endpoint.published.empty() ? nullptr : find(endpoint.network.id);
  if (found == nullptr) return;
  for (const auto &address : endpoint.addresses) found->publisher->withdraw_all(to_ip_address(address));
  agent_->unsteer(endpoint, found->network_namespace);
}

Status NetdPorts::add(int network_namespace, EndpointDescription *endpoint, std::vector<PublishDescription> *wanted) {
  auto found = network(endpoint->network, network_namespace);
  if (!found) return found.error();
  Status outcome = agent_->steer(with_ports(*endpoint, *wanted), network_namespace);
  std::vector<PublishDescription> added;
  PortSeries series;
  for (auto &port : *wanted) {
    if (!outcome) break;
    if (has(*endpoint, port)) continue;
    outcome = publish_next(*found.value()->publisher, *endpoint, series, &port);
    if (outcome) added.push_back(port);
  }
  endpoint->published.insert(endpoint->published.end(), added.begin(), added.end());
  if (outcome) return outcome;
  remove(endpoint, added);
  agent_->unsteer(with_ports(*endpoint, unused(*endpoint, *wanted)), network_namespace);
  return outcome;
}

void NetdPorts::remove(EndpointDescription *endpoint, const std::vector<PublishDescription> &unwanted) {
  Network *found = find(endpoint->network.id);
  if (found == nullptr) return;
  std::vector<PublishDescription> removed;
  for (auto &port : endpoint->published) {
    for (const auto &other : unwanted) {
      if (!same_ports(port, other)) continue;
      for (const auto &place : expand(*endpoint, other)) {
        if (std::erase(port.host_addresses, place.host_address) > 0) found->publisher->withdraw(place);
      }
    }
    if (port.host_addresses.empty()) removed.push_back(port);
  }
  std::erase_if(endpoint->published, [](const auto &port) { return port.host_addresses.empty(); });
  agent_->unsteer(with_ports(*endpoint, unused(*endpoint, removed)), found->network_namespace);
}

void NetdPorts::forget_network(std::string_view id) {
  std::erase_if(networks_, [id](const Network &network) { return network.id == id; });
}

Result<NetdPorts::Network *> NetdPorts::network(const NetworkDescription &description, int network_namespace) {
  if (Network *known = find(description.id)) return known;
  std::vector<net::IpPrefix> own;
  for (const auto &gateway : description.gateways) own.push_back(to_ip_prefix(gateway));
  auto sockets = std::make_unique<AgentSockets>(*agent_, network_namespace);
  auto publisher = net::Publisher::create(*resources_, *sockets, own);
  if (!publisher) return publisher.error();
  return &networks_.emplace_back(Network{description.id, network_namespace, std::move(sockets), publisher.take()});
}

NetdPorts::Network *NetdPorts::find(std::string_view id) {
  const auto found =
      std::find_if(networks_.begin(), networks_.end(), [id](const Network &network) { return network.id == id; });
  return found == networks_.end() ? nullptr : &*found;
}

}  // namespace sampan
