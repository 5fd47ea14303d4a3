// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_network.h"

#include <utility>

namespace sampan {

Result<std::unique_ptr<NetdNetwork>> NetdNetwork::create(const NetworkParts &parts,
                                                         const NetworkDescription &description, int adopted) {
  auto made = parts.agent.make_network(description, adopted);
  if (!made) return made.error();
  auto &[network_namespace, tun, sockets] = made.value();
  std::unique_ptr<NetdNetwork> network(new NetdNetwork(parts, description, std::move(network_namespace)));
  auto dns = net::DnsServer::create(parts.loop, network->zone_, std::move(sockets));
  if (!dns) return dns.error();
  network->dns_ = dns.take();
  if (description.internal) return network;
  if (auto started = network->start_stack(parts.stack, std::move(tun)); !started) return started.error();
  return network;
}

Status NetdNetwork::start_stack(net::StackResources &resources, net::Tun tun) {
  net::StackOptions options;
  options.tun = std::move(tun);
  options.mtu = description_.mtu;
  for (const auto &gateway : description_.gateways) {
    if (options.prefix_count == net::StackOptions::kMaxPrefixes) break;
    options.prefixes[options.prefix_count++] = to_ip_prefix(gateway);
    (gateway.family == AF_INET ? options.gateway_v4 : options.gateway_v6) = to_ip_address(gateway);
  }
  for (const auto &alias : description_.host_aliases) {
    (alias.is_v4() ? policy_.host_alias_v4 : policy_.host_alias_v6) = alias;
  }
  for (const auto &range : description_.open_ports) policy_.host_ports[policy_.host_port_count++] = range;
  options.policy = policy_;
  options.joiner = this;
  handover_ = std::make_unique<AgentHandover>(agent_, namespace_.get());
  options.handover = handover_.get();
  auto stack = net::Stack::create(resources, std::move(options));
  if (!stack) return stack.error();
  stack_ = stack.take();
  return {};
}

void NetdNetwork::deny(std::vector<net::IpPrefix> others) {
  if (!stack_) return;
  policy_.denied = std::move(others);
  stack_->set_policy(policy_);
}

// Asked for from within a turn: the agent answers within a millisecond or two.
bool NetdNetwork::join_datagrams(bool on) { return agent_.join_datagrams(namespace_.get(), on).ok(); }

void NetdNetwork::forget_flows(const EndpointDescription &endpoint) {
  if (!stack_) return;
  for (const auto &address : endpoint.addresses) stack_->forget_source(to_ip_address(address));
}

}  // namespace sampan
