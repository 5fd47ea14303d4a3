// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_zone.h"

#include <strings.h>
#include <sys/random.h>

#include <algorithm>

namespace sampan {

namespace {

// RFC 4343: case does not matter.
bool same_name(const std::string &one, std::string_view other) {
  return one.size() == other.size() && ::strncasecmp(one.data(), other.data(), other.size()) == 0;
}

bool has_name(const std::vector<std::string> &names, std::string_view wanted) {
  return std::any_of(names.begin(), names.end(), [wanted](const auto &name) { return same_name(name, wanted); });
}

// NAME of NAME.NETWORK; empty: it is no such name.
std::string_view without_network(std::string_view name, const std::string &network) {
  if (network.empty() || name.size() <= network.size() + 1) return {};
  const size_t dot = name.size() - network.size() - 1;
  return name[dot] == '.' && same_name(network, name.substr(dot + 1)) ? name.substr(0, dot) : std::string_view();
}

// Below `count`, which is not 0.
size_t any_place(size_t count) {
  uint16_t random = 0;
  // getrandom(2) of so few bytes cannot fail once the kernel's generator is seeded, which it is long before us.
  (void)!::getrandom(&random, sizeof random, 0);
  return random % count;
}

bool is_enclosed(const ContainerDescription &container) {
  return std::all_of(container.endpoints.begin(), container.endpoints.end(),
                     [](const auto &endpoint) { return endpoint.network.internal; });
}

}  // namespace

std::vector<NetdZone::Match> NetdZone::members(const NetworkDescription &network) const {
  std::vector<Match> found;
  for (const ContainerDescription *container : source_.containers()) {
    for (const auto &endpoint : container->endpoints) {
      if (endpoint.network.id == network.id) found.push_back({container, &endpoint});
    }
  }
  return found;
}

NetdZone::Match NetdZone::member_at(const NetworkDescription &network, const net::IpAddress &address) const {
  const auto all = members(network);
  const auto found = std::find_if(all.begin(), all.end(), [&](const Match &match) {
    const auto &addresses = match.endpoint->addresses;
    return std::any_of(addresses.begin(), addresses.end(),
                       [&](const auto &one) { return to_ip_address(one) == address; });
  });
  return found == all.end() ? Match() : *found;
}

// An address that no container has, because somebody inside has given it to himself, belongs to this network alone.
std::vector<const NetworkDescription *> NetdZone::networks_of(const net::IpAddress &client) const {
  const Match match = member_at(network_, client);
  if (match.container == nullptr) return {&network_};
  std::vector<const NetworkDescription *> networks;
  for (const auto &endpoint : match.container->endpoints) networks.push_back(&endpoint.network);
  return networks;
}

bool NetdZone::find_name(const net::IpAddress &client, std::string_view name, std::vector<net::IpAddress> &addresses) {
  const auto networks = networks_of(client);
  const auto knows = [&](const NetworkDescription *network) { return find_in(*network, name, addresses); };
  const auto knows_short = [&](const NetworkDescription *network) {
    const std::string_view own = without_network(name, network->name);
    return !own.empty() && find_in(*network, own, addresses);
  };
  return std::any_of(networks.begin(), networks.end(), knows) ||
         std::any_of(networks.begin(), networks.end(), knows_short);
}

bool NetdZone::find_in(const NetworkDescription &network, std::string_view name,
                       std::vector<net::IpAddress> &addresses) const {
  auto named = members(network);
  std::erase_if(named, [name](const Match &match) {
    return !has_name(match.container->hostnames, name) && !has_name(match.endpoint->names, name);
  });
  if (named.empty()) return false;
  std::rotate(named.begin(), named.begin() + static_cast<std::ptrdiff_t>(any_place(named.size())), named.end());
  for (const auto &match : named) {
    for (const auto &address : match.endpoint->addresses) {
      if (address.family == AF_INET || network.ipv6_names) addresses.push_back(to_ip_address(address));
    }
  }
  return true;
}

std::string NetdZone::find_address(const net::IpAddress &client, const net::IpAddress &address) {
  for (const NetworkDescription *network : networks_of(client)) {
    const Match match = member_at(*network, address);
    if (match.container != nullptr && !match.container->hostnames.empty()) return match.container->hostnames.front();
  }
  return "";
}

// Questions are data on their way out: who has no way out has no resolvers either.
const std::vector<net::IpAddress> &NetdZone::resolvers(const net::IpAddress &client) {
  static const std::vector<net::IpAddress> kNone;
  const Match match = member_at(network_, client);
  if (match.container == nullptr ? network_.internal : is_enclosed(*match.container)) return kNone;
  if (match.container != nullptr && !match.container->resolvers.empty()) return match.container->resolvers;
  return source_.host_resolvers();
}

bool NetdZone::owns(const net::IpAddress &client, const net::IpAddress &address) {
  const auto networks = networks_of(client);
  return std::any_of(networks.begin(), networks.end(), [&](const NetworkDescription *network) {
    return std::any_of(network->gateways.begin(), network->gateways.end(),
                       [&](const auto &gateway) { return to_ip_prefix(gateway).contains(address); });
  });
}

}  // namespace sampan
