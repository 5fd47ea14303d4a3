// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_zone.h"

#include <strings.h>

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

bool is_enclosed(const ContainerDescription &container) {
  return std::all_of(container.endpoints.begin(), container.endpoints.end(),
                     [](const auto &endpoint) { return endpoint.network.internal; });
}

}  // namespace

std::vector<NetdZone::Match> NetdZone::members() const {
  std::vector<Match> found;
  for (const ContainerDescription *container : source_.containers()) {
    for (const auto &endpoint : container->endpoints) {
      if (endpoint.network.id == network_.id) found.push_back({container, &endpoint});
    }
  }
  return found;
}

bool NetdZone::find_name(std::string_view name, std::vector<net::IpAddress> &addresses) {
  bool known = false;
  for (const auto &[container, endpoint] : members()) {
    if (!has_name(container->hostnames, name) && !has_name(endpoint->names, name)) continue;
    known = true;
    for (const auto &address : endpoint->addresses) addresses.push_back(to_ip_address(address));
  }
  return known;
}

NetdZone::Match NetdZone::member_at(const net::IpAddress &address) const {
  const auto all = members();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Match &match) {
    const auto &addresses = match.endpoint->addresses;
    return std::any_of(addresses.begin(), addresses.end(),
                       [&](const auto &one) { return to_ip_address(one) == address; });
  });
  return found == all.end() ? Match() : *found;
}

std::string NetdZone::find_address(const net::IpAddress &address) {
  const Match match = member_at(address);
  return match.container == nullptr || match.container->hostnames.empty() ? "" : match.container->hostnames.front();
}

// Questions are data on their way out: who has no way out has no resolvers either.
const std::vector<net::IpAddress> &NetdZone::resolvers(const net::IpAddress &client) {
  static const std::vector<net::IpAddress> kNone;
  const Match match = member_at(client);
  if (match.container == nullptr ? network_.internal : is_enclosed(*match.container)) return kNone;
  if (match.container != nullptr && !match.container->resolvers.empty()) return match.container->resolvers;
  return source_.host_resolvers();
}

bool NetdZone::owns(const net::IpAddress &address) {
  return std::any_of(network_.gateways.begin(), network_.gateways.end(),
                     [&](const auto &gateway) { return to_ip_prefix(gateway).contains(address); });
}

}  // namespace sampan
