// SPDX-License-Identifier: Apache-2.0
// All networks that netd has, and the interfaces and ports of the containers in them. Who may ask for what is the
// server's matter (netd_server.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "addon/helper/netd_description.h"
#include "addon/helper/netd_network.h"
#include "addon/helper/netd_ports.h"
#include "addon/helper/network_agent.h"
#include "addon/net/event_loop.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// A container as netd serves it.
struct NetdLease {
  ContainerDescription container;
  unique_fd network_namespace;
};

class NetdNetworks {
 public:
  explicit NetdNetworks(ContainerSource &containers) : containers_(containers) {}

  // Both have to outlive this.
  Status open(net::EventLoop &loop, NetworkAgent &agent);

  // What a container needs before it is there: its networks and its ports. The ports that were given are written into
  // the lease; what was done before an error goes with it.
  Status prepare(NetdLease &lease);
  // Its interfaces, once it is prepared.
  Status plug_in(const NetdLease &lease);
  // What an earlier netd had made is still there, except the tuns; a namespace for each endpoint, borrowed. Where the
  // network was made anew meanwhile, for somebody who was faster, the interface moves to it.
  Status resume(NetdLease &lease, std::span<const unique_fd> namespaces);
  // EEXIST when it is there.
  Status connect(NetdLease &lease, const EndpointDescription &endpoint);
  // Nothing to disconnect is fine: the rest of a command that was killed.
  Status disconnect(NetdLease &lease, const EndpointDescription &endpoint);
  // The network leads out from now on.
  Status route(NetdLease &lease, const EndpointDescription &endpoint);
  // All or none; `wanted` gets the ports that were given. E2BIG when the lease's description would not fit a frame.
  Status publish(NetdLease &lease, EndpointDescription &wanted);
  void withdraw(NetdLease &lease, const std::vector<PublishDescription> &unwanted);
  // Its ports and flows end. The interfaces stay: a monitor that lives resumes the lease.
  void end_run(const NetdLease &lease);
  // The container has ended; its network namespace lives on where somebody shares it.
  void cut_off(const NetdLease &lease);

  NetdNetwork *find(std::string_view id) const;
  std::span<const std::unique_ptr<NetdNetwork>> all() const { return networks_; }
  // Ids of the networks.
  std::vector<std::string> ids() const;
  void take_down(std::string_view id);

 private:
  static constexpr int kNotAdopted = -1;

  Result<NetdNetwork *> network(const NetworkDescription &description, int adopted);
  void part();
  Status move(const NetdLease &lease, const EndpointDescription &endpoint, int network_namespace);
  void end_endpoint(const NetdLease &lease, const EndpointDescription &endpoint);

  ContainerSource &containers_;
  net::EventLoop *loop_ = nullptr;
  NetworkAgent *agent_ = nullptr;
  std::unique_ptr<net::StackResources> resources_;
  std::vector<std::unique_ptr<NetdNetwork>> networks_;
  NetdPorts ports_;
};

}  // namespace sampan
