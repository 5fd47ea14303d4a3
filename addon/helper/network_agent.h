// SPDX-License-Identifier: Apache-2.0
// netd is two processes. The one that reads packets and serves leases has no rights at all (netd_confine.h); what takes
// rights over the networks, or a file of the host, the other one does for it: the agent, which never sees a packet.
//
// How this works: the agent is forked before anything is served and answers one request at a time over a socket pair,
// in frames: `a` is the request or, in the answer, an errno; descriptors go with both. What is to be done is said in
// the text of netd_description.h and checked again by the agent, whose work (network_setup.h) is all it can be asked
// for. It ends when netd has ended, however that came about, and takes the names of the socket and the lock with it;
// when the agent ends first, so does netd.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "addon/helper/netd_description.h"
#include "addon/helper/network_setup.h"
#include "addon/net/inner_sockets.h"
#include "addon/net/ip_address.h"
#include "addon/net/tcp_handover.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

enum class AgentRequest : uint32_t {
  make_network = 1,  // description [namespace to adopt] -> namespace [tun] [DNS: UDP ..., TCP]; b: flags of MadeNetwork
  plug_in,           // description, network namespace, container namespace
  unplug,            // description, container namespace
  cut_off,           // description, container namespace
  route,             // description, container namespace
  steer,             // description, network namespace
  unsteer,           // description, network namespace
  inner_sockets,     // a: request, b: family, c: type << 16 | count; network namespace -> sockets
  resolvers,         // -> addresses
  listen,            // -> listening socket
  hide,              // the socket's name goes
  join_datagrams,    // b: whether; network namespace
  steer_handed_over,  // b: family; network namespace
  hand_over,          // net::TcpHandover, network namespace -> socket
};

class NetworkAgent {
 public:
  // Forks. `directory`: where netd's socket and lock are, borrowed; `lock` is held by both processes.
  static Result<std::unique_ptr<NetworkAgent>> start(int directory, int lock);
  NetworkAgent(const NetworkAgent &) = delete;
  NetworkAgent &operator=(const NetworkAgent &) = delete;
  // Waits for the agent: whoever sees that netd has ended finds nothing of it.
  ~NetworkAgent();

  // Reports a hang-up when the agent has gone.
  int fd() const { return socket_.get(); }

  Result<MadeNetwork> make_network(const NetworkDescription &description, int adopted);
  Status plug_in(const EndpointDescription &endpoint, int network_namespace, int container_namespace);
  Status unplug(const EndpointDescription &endpoint, int container_namespace);
  void cut_off(const EndpointDescription &endpoint, int container_namespace);
  Status route(const EndpointDescription &endpoint, int container_namespace);
  // Answers of published ports find their way (network_setup.h).
  Status steer(const EndpointDescription &endpoint, int network_namespace);
  void unsteer(const EndpointDescription &endpoint, int network_namespace);
  Status open_inner_sockets(int network_namespace, int family, int type, std::span<unique_fd> sockets, size_t *opened);
  // Datagrams of the network's containers reach the tun joined, or not (network_setup.h).
  Status join_datagrams(int network_namespace, bool on);
  // A connection goes on as a socket of the network (tcp_handover.h). ECONNABORTED: or not at all.
  Result<unique_fd> hand_over(int network_namespace, const net::TcpHandover &handover);
  // Before the first of a family.
  Status steer_handed_over(int network_namespace, int family);
  // The host's DNS servers as they are now.
  Result<std::vector<net::IpAddress>> resolvers();

  // netd's socket: a new one in place of any other.
  Result<unique_fd> listen();
  void hide();

 private:
  struct Answer {
    uint32_t number = 0;
    std::string payload;
    std::vector<unique_fd> descriptors;
    bool descriptors_lost = false;
  };

  explicit NetworkAgent(unique_fd socket);
  Result<Answer> ask(AgentRequest request, std::string_view text, std::span<const int> descriptors, uint32_t b = 0,
                     uint32_t c = 0);
  Status tell(AgentRequest request, const EndpointDescription &endpoint, std::span<const int> namespaces);
  Error failure_of(const Answer &answer);

  unique_fd socket_;
  std::unique_ptr<char[]> payload_;
  std::set<std::string> calls_;  // names of calls that failed, for Error
};

// Sockets of one network, made by the agent.
class AgentSockets final : public net::InnerSocketSource {
 public:
  AgentSockets(NetworkAgent &agent, int network_namespace) : agent_(agent), network_namespace_(network_namespace) {}
  Status open(int family, int type, std::span<unique_fd> sockets, size_t *opened) override {
    return agent_.open_inner_sockets(network_namespace_, family, type, sockets, opened);
  }

 private:
  NetworkAgent &agent_;
  int network_namespace_;
};

// Connections of one network that become sockets of the kernel, made by the agent.
class AgentHandover final : public net::HandoverTarget {
 public:
  AgentHandover(NetworkAgent &agent, int network_namespace) : agent_(agent), network_namespace_(network_namespace) {}
  Result<unique_fd> take(const net::TcpHandover &handover) override;

 private:
  NetworkAgent &agent_;
  int network_namespace_;
  bool steered_v4_ = false;
  bool steered_v6_ = false;
};

// The agent's life. Returns when netd has ended.
int run_network_agent(unique_fd socket, int directory);

}  // namespace sampan
