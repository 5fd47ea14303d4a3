// SPDX-License-Identifier: Apache-2.0
// One network as netd holds it: a network namespace with a bridge that carries the gateway's addresses, one veth per
// container, and a tun as the default route whose other end is the stack (addon/net/stack.h). Containers of one network
// talk at the kernel's speed; different networks share nothing. An internal network has no tun.
//
// How this works: the namespace outlives netd when somebody keeps its descriptor; the next netd adopts it, finds bridge
// and veths as they were, and only makes a new tun.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "addon/helper/netd_description.h"
#include "addon/helper/netd_zone.h"
#include "addon/helper/network_agent.h"
#include "addon/net/dns_server.h"
#include "addon/net/stack.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// What networks share.
struct NetworkParts {
  net::EventLoop &loop;
  net::StackResources &stack;
  NetworkAgent &agent;
  ContainerSource &containers;
};

class NetdNetwork final : net::DatagramJoiner {
 public:
  // `adopted`: a namespace that an earlier netd made for this network, or -1. Borrowed.
  static Result<std::unique_ptr<NetdNetwork>> create(const NetworkParts &parts, const NetworkDescription &description,
                                                     int adopted);

  const NetworkDescription &description() const { return description_; }
  int namespace_fd() const { return namespace_.get(); }
  // Other networks of the user: whoever asks for their addresses is told that he may not, rather than sent to whoever
  // has them outside.
  void deny(std::vector<net::IpPrefix> others);
  net::StackCounters counters() const { return stack_ ? stack_->counters() : net::StackCounters(); }

  NetdNetwork(const NetdNetwork &) = delete;
  NetdNetwork &operator=(const NetdNetwork &) = delete;
  ~NetdNetwork() = default;

  // Connections and flows with these addresses end; the other hosts see resets.
  void forget_flows(const EndpointDescription &endpoint);

 private:
  NetdNetwork(const NetworkParts &parts, NetworkDescription description, unique_fd made)
      : description_(std::move(description)),
        namespace_(std::move(made)),
        agent_(parts.agent),
        zone_(parts.containers, description_) {}

  Status start_stack(net::StackResources &resources, net::Tun tun);
  bool join_datagrams(bool on) override;

  NetworkDescription description_;
  unique_fd namespace_;
  NetworkAgent &agent_;
  net::Policy policy_;
  std::unique_ptr<AgentHandover> handover_;
  std::unique_ptr<net::Stack> stack_;
  NetdZone zone_;
  std::unique_ptr<net::DnsServer> dns_;
};

}  // namespace sampan
