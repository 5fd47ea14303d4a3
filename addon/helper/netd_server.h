// SPDX-License-Identifier: Apache-2.0
// netd's connections and what they ask for (addon/protocol/frames.def, NET_*).
//
// States of a connection: new; entered (NET_ENTER was answered: a container is about to be born, and while it is cloned
// its networks and ports are made ready); leased (its network namespace is ours to use, its interfaces are there).
// Requests without a lease come from commands. A connection that breaks the protocol is closed, and with it what it
// had.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "addon/helper/attach_server.h"
#include "addon/helper/frame_io.h"
#include "addon/helper/netd_description.h"
#include "addon/helper/netd_networks.h"
#include "addon/helper/network_agent.h"
#include "addon/net/event_loop.h"

namespace sampan {

class NetdServer final : public Watch, public net::Timer, public ContainerSource {
 public:
  explicit NetdServer(uint32_t linger_ms);
  NetdServer(const NetdServer &) = delete;
  NetdServer &operator=(const NetdServer &) = delete;
  ~NetdServer();

  Status open(std::unique_ptr<NetworkAgent> agent, unique_fd user_namespace);
  // Until nobody has been connected for the linger time.
  void run();

  // A connection waits.
  void ready(uint32_t events) override;
  // For the linger time nobody went: networks that are not used are taken down, and with nobody there, everything.
  void expired() override;

  std::vector<const ContainerDescription *> containers() const override;
  const std::vector<net::IpAddress> &host_resolvers() override;

 private:
  struct Connection;
  // Without the agent nothing can be served.
  struct AgentWatch final : public Watch {
    void ready(uint32_t events) override;
  };
  // Somebody waits to be accepted, and there is no descriptor for him: looked at again later, not without end.
  struct AcceptTimer final : public net::Timer {
    explicit AcceptTimer(NetdServer &owner) : server(owner) {}
    void expired() override { server.accept_again(); }
    NetdServer &server;
  };
  using Descriptors = std::vector<unique_fd>;

  void serve(Connection &connection);
  bool handle(Connection &connection, const Frame &frame, Descriptors descriptors);
  bool enter(Connection &connection, const Frame &frame);
  bool attach(Connection &connection, Descriptors &descriptors);
  bool resume(Connection &connection, const Frame &frame, Descriptors &descriptors);
  bool change(Connection &connection, const Frame &frame);
  bool change_ports(Connection &connection, const Frame &frame);
  bool forget(Connection &connection, std::string_view id);
  bool list(Connection &connection);
  void close(Connection &connection);
  void sweep();
  void accept_later();
  void accept_again();

  bool send_attached(Connection &connection);
  bool answer(Connection &connection, const Status &outcome);
  // The last answer to a connection that is closed then: false.
  bool refuse(Connection &connection, const Error &error);
  void end_run(const Connection &connection);

  Connection *find_lease(std::string_view container);
  bool in_use(std::string_view id) const;

  const uint32_t linger_ms_;
  bool over_ = false;
  std::unique_ptr<NetworkAgent> agent_;
  AgentWatch agent_watch_;
  unique_fd user_namespace_;
  net::EventLoop loop_;
  AcceptTimer accept_timer_{*this};
  bool accepts_later_ = false;
  AttachServer listener_;
  std::vector<net::IpAddress> host_resolvers_;
  uint64_t resolvers_known_until_ms_ = 0;
  NetdNetworks networks_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::unique_ptr<char[]> payload_;
};

}  // namespace sampan
