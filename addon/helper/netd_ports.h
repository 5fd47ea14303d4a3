// SPDX-License-Identifier: Apache-2.0
// The published ports of the containers that netd serves: listeners on the host (addon/net/publisher.h), and rules in
// the network that lead a container's answers back to the sockets that stand for its clients.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "addon/helper/netd_description.h"
#include "addon/helper/network_agent.h"
#include "addon/net/event_loop.h"
#include "addon/net/publisher.h"
#include "addon/sys/result.h"

namespace sampan {

class NetdPorts {
 public:
  Status open(net::EventLoop &loop, NetworkAgent &agent);

  // Publishes the ports of an endpoint, and writes into it which ports of the host they got. All or none.
  // EADDRINUSE, EACCES or EADDRNOTAVAIL with address and port as subject.
  Status publish(int network_namespace, EndpointDescription *endpoint);
  // The ports of a netd that was killed, each by itself: one that somebody else took in between is left out.
  void restore(int network_namespace, EndpointDescription *endpoint);
  // Connections are reset. Nothing is published: nothing happens.
  void withdraw(const EndpointDescription &endpoint);

  // More ports for an endpoint whose container runs; `wanted` and the endpoint get the ports they were given. All or
  // none. Those that the endpoint has already, as exactly that, are no error: a command may have been killed.
  Status add(int network_namespace, EndpointDescription *endpoint, std::vector<PublishDescription> *wanted);
  // Takes ports back, at the addresses named; what is not published there is fine.
  void remove(EndpointDescription *endpoint, const std::vector<PublishDescription> &unwanted);
  // Before the network's namespace is closed.
  void forget_network(std::string_view id);

 private:
  struct Network {
    std::string id;
    int network_namespace = -1;
    std::unique_ptr<AgentSockets> sockets;
    std::unique_ptr<net::Publisher> publisher;
  };

  Result<Network *> network(const NetworkDescription &description, int network_namespace);
  Network *find(std::string_view id);

  NetworkAgent *agent_ = nullptr;
  std::unique_ptr<net::PublisherResources> resources_;
  std::vector<Network> networks_;
};

}  // namespace sampan
