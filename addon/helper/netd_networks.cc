// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_networks.h"

#include <algorithm>
#include <utility>

#include "addon/protocol/frames.h"
#include "addon/sys/file.h"

namespace sampan {

namespace {

EndpointDescription *find_endpoint(NetdLease &lease, const std::string &network) {
  auto &endpoints = lease.container.endpoints;
  const auto found =
      std::find_if(endpoints.begin(), endpoints.end(), [&](const auto &other) { return other.network.id == network; });
  return found == endpoints.end() ? nullptr : &*found;
}

bool share_address(const EndpointDescription &one, const EndpointDescription &other) {
  return std::any_of(one.addresses.begin(), one.addresses.end(), [&](const auto &address) {
    return std::any_of(other.addresses.begin(), other.addresses.end(),
                       [&](const auto &theirs) { return to_ip_address(theirs) == to_ip_address(address); });
  });
}

// By the monitor, and read by the next netd.
bool can_be_kept(const ContainerDescription &container) {
  const std::string text = format_description(container);
  return text.size() <= kMaxFramePayload && parse_description(text);
}

Error too_many_ports(const ContainerDescription &container) {
  size_t ports = 0;
  for (const auto &endpoint : container.endpoints) ports += endpoint.published.size();
  return {E2BIG, "netd", std::to_string(ports) + " ports"};
}

}  // namespace

Status NetdNetworks::open(net::EventLoop &loop, NetworkAgent &agent) {
  loop_ = &loop;
  agent_ = &agent;
  auto resources = net::StackResources::create(loop);
  if (!resources) return resources.error();
  resources_ = resources.take();
  return ports_.open(loop, agent);
}

Status NetdNetworks::prepare(NetdLease &lease) {
  for (auto &endpoint : lease.container.endpoints) {
    auto found = network(endpoint.network, kNotAdopted);
    if (!found) return found.error();
    // Of a container whose end nobody has told us yet.
    found.value()->forget_flows(endpoint);
    if (auto published = ports_.publish(found.value()->namespace_fd(), &endpoint); !published) return published;
  }
  if (!can_be_kept(lease.container)) return too_many_ports(lease.container);
  return {};
}

Status NetdNetworks::plug_in(const NetdLease &lease) {
  for (const auto &endpoint : lease.container.endpoints) {
    const NetdNetwork *found = find(endpoint.network.id);
    if (found == nullptr) return Error{ENOENT, "netd", endpoint.network.id};
    auto added = agent_->plug_in(endpoint, found->namespace_fd(), lease.network_namespace.get());
    if (!added) return added;
  }
  return {};
}

Status NetdNetworks::resume(NetdLease &lease, std::span<const unique_fd> namespaces) {
  auto &endpoints = lease.container.endpoints;
  for (size_t i = 0; i < endpoints.size() && i < namespaces.size(); ++i) {
    auto found = network(endpoints[i].network, namespaces[i].get());
    if (!found) return found.error();
    const int current = found.value()->namespace_fd();
    if (!sys::same_file(current, namespaces[i].get())) {
      if (auto moved = move(lease, endpoints[i], current); !moved) return moved;
    }
    ports_.restore(current, &endpoints[i]);
  }
  return {};
}

Status NetdNetworks::move(const NetdLease &lease, const EndpointDescription &endpoint, int network_namespace) {
  const int container_namespace = lease.network_namespace.get();
  if (auto unplugged = agent_->unplug(endpoint, container_namespace); !unplugged) return unplugged;
  return agent_->plug_in(endpoint, network_namespace, container_namespace);
}

Status NetdNetworks::connect(NetdLease &lease, const EndpointDescription &endpoint) {
  const std::string &id = endpoint.network.id;
  if (find_endpoint(lease, id) != nullptr) return Error{EEXIST, "netd", id};
  ContainerDescription wanted = lease.container;
  wanted.endpoints.push_back(endpoint);
  if (!can_be_kept(wanted)) return Error{E2BIG, "netd", id};
  auto found = network(endpoint.network, kNotAdopted);
  if (!found) return found.error();
  auto added = agent_->plug_in(endpoint, found.value()->namespace_fd(), lease.network_namespace.get());
  if (added) lease.container.endpoints.push_back(endpoint);
  return added;
}

Status NetdNetworks::disconnect(NetdLease &lease, const EndpointDescription &endpoint) {
  EndpointDescription *found = find_endpoint(lease, endpoint.network.id);
  if (found == nullptr) return {};
  auto removed = agent_->unplug(*found, lease.network_namespace.get());
  if (!removed) return removed;
  end_endpoint(lease, *found);
  auto &endpoints = lease.container.endpoints;
  endpoints.erase(endpoints.begin() + (found - endpoints.data()));
  return removed;
}

Status NetdNetworks::route(NetdLease &lease, const EndpointDescription &endpoint) {
  EndpointDescription *found = find_endpoint(lease, endpoint.network.id);
  if (found == nullptr) return Error{ENOENT, "netd", endpoint.network.id};
  found->default_route = true;
  return agent_->route(*found, lease.network_namespace.get());
}

Status NetdNetworks::publish(NetdLease &lease, EndpointDescription &wanted) {
  EndpointDescription *endpoint = find_endpoint(lease, wanted.network.id);
  const NetdNetwork *found = endpoint == nullptr ? nullptr : find(wanted.network.id);
  if (found == nullptr) return Error{ENOENT, "netd", wanted.network.id};
  if (auto added = ports_.add(found->namespace_fd(), endpoint, &wanted.published); !added) return added;
  if (can_be_kept(lease.container)) return {};
  const Error failure = too_many_ports(lease.container);
  ports_.remove(endpoint, wanted.published);
  return failure;
}

void NetdNetworks::withdraw(NetdLease &lease, const std::vector<PublishDescription> &unwanted) {
  for (auto &endpoint : lease.container.endpoints) ports_.remove(&endpoint, unwanted);
}

void NetdNetworks::end_run(const NetdLease &lease) {
  for (const auto &endpoint : lease.container.endpoints) end_endpoint(lease, endpoint);
}

void NetdNetworks::cut_off(const NetdLease &lease) {
  if (!lease.network_namespace) return;
  for (const auto &endpoint : lease.container.endpoints) agent_->cut_off(endpoint, lease.network_namespace.get());
}

// What has its addresses by now keeps what it has made with them.
void NetdNetworks::end_endpoint(const NetdLease &lease, const EndpointDescription &endpoint) {
  ports_.withdraw(endpoint);
  const auto is_same = [&](const EndpointDescription &candidate) {
    return candidate.network.id == endpoint.network.id && share_address(candidate, endpoint);
  };
  const auto all = containers_.containers();
  const bool is_taken = std::any_of(all.begin(), all.end(), [&](const ContainerDescription *other) {
    return other != &lease.container && std::any_of(other->endpoints.begin(), other->endpoints.end(), is_same);
  });
  NetdNetwork *network = find(endpoint.network.id);
  if (network != nullptr && !is_taken) network->forget_flows(endpoint);
}

Result<NetdNetwork *> NetdNetworks::network(const NetworkDescription &description, int adopted) {
  if (NetdNetwork *known = find(description.id)) return known;
  auto made = NetdNetwork::create({*loop_, *resources_, *agent_, containers_}, description, adopted);
  if (!made) return made.error();
  NetdNetwork *network = networks_.emplace_back(made.take()).get();
  part();
  return network;
}

// Each is closed to the others.
void NetdNetworks::part() {
  for (const auto &network : networks_) {
    std::vector<net::IpPrefix> others;
    for (const auto &other : networks_) {
      if (other == network) continue;
      for (const auto &gateway : other->description().gateways) others.push_back(to_ip_prefix(gateway));
    }
    network->deny(std::move(others));
  }
}

NetdNetwork *NetdNetworks::find(std::string_view id) const {
  const auto found = std::find_if(networks_.begin(), networks_.end(),
                                  [id](const auto &network) { return network->description().id == id; });
  return found == networks_.end() ? nullptr : found->get();
}

std::vector<std::string> NetdNetworks::ids() const {
  std::vector<std::string> found;
  for (const auto &network : networks_) found.push_back(network->description().id);
  return found;
}

void NetdNetworks::take_down(std::string_view id) {
  ports_.forget_network(id);
  std::erase_if(networks_, [id](const auto &network) { return network->description().id == id; });
  part();
}

}  // namespace sampan
