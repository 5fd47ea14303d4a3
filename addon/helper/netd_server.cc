// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_server.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "addon/helper/descriptor_reserve.h"
#include "addon/helper/netd_connection.h"

namespace sampan {

namespace {

// A burst of queries asks the agent once.
constexpr uint64_t kResolversMs = 200;

constexpr uint64_t kAcceptLaterMs = 200;

}  // namespace

NetdServer::NetdServer(uint32_t linger_ms) : linger_ms_(linger_ms), networks_(*this) {}
NetdServer::~NetdServer() = default;

// Whoever holds a lease starts another netd.
void NetdServer::AgentWatch::ready(uint32_t) {
  constexpr int kFailed = 1;
  ::_exit(kFailed);
}

Status NetdServer::open(std::unique_ptr<NetworkAgent> agent, unique_fd user_namespace) {
  agent_ = std::move(agent);
  user_namespace_ = std::move(user_namespace);
  payload_ = std::make_unique<char[]>(kMaxFramePayload);
  if (auto opened = loop_.open(); !opened) return opened;
  if (auto opened = networks_.open(loop_, *agent_); !opened) return opened;
  if (!loop_.watch(agent_watch_, agent_->fd(), 0)) return last_error("epoll_ctl", "network agent");
  auto listening = agent_->listen();
  if (!listening) return listening.error();
  listener_.adopt(listening.take());
  if (!loop_.watch(*this, listener_.fd(), EPOLLIN)) return last_error("epoll_ctl");
  loop_.arm(*this, linger_ms_);
  return {};
}

void NetdServer::run() {
  for (;;) {
    while (!over_) {
      loop_.turn();
      sweep();
    }
    // Whoever comes from here on finds no socket, and starts another netd; those who were faster are served.
    agent_->hide();
    ready(EPOLLIN);
    loop_.forget(*this, listener_.fd());
    if (connections_.empty()) break;
    over_ = false;
    auto listening = agent_->listen();
    if (!listening) break;
    listener_.adopt(listening.take());
    if (!loop_.watch(*this, listener_.fd(), EPOLLIN)) break;
  }
  listener_.close();
}

void NetdServer::ready(uint32_t) {
  const DescriptorReserve reserve;
  for (;;) {
    auto accepted = listener_.accept();
    if (!accepted) {
      if (accepted.error().number != EAGAIN) accept_later();
      return;
    }
    auto &made = *connections_.emplace_back(std::make_unique<Connection>(*this, accepted.take()));
    if (!loop_.watch(made, made.socket.get(), EPOLLIN)) made.socket.reset();
  }
}

// The listener would report without end who waits.
void NetdServer::accept_later() {
  accepts_later_ = loop_.watch(*this, listener_.fd(), 0);
  loop_.arm(accept_timer_, kAcceptLaterMs);
}

void NetdServer::accept_again() {
  if (!accepts_later_) return;
  accepts_later_ = !loop_.watch(*this, listener_.fd(), EPOLLIN);
}

// Connections that wait to be accepted count as well.
void NetdServer::expired() {
  for (const std::string &id : networks_.ids()) {
    if (!in_use(id)) networks_.take_down(id);
  }
  ready(EPOLLIN);
  over_ = connections_.empty();
}

void NetdServer::serve(Connection &connection) {
  const DescriptorReserve reserve;
  Frame frame;
  Descriptors descriptors;
  switch (receive_frame(connection.socket.get(), payload_.get(), &frame, &descriptors)) {
    case ReceiveOutcome::none:
      return;
    case ReceiveOutcome::closed:
      networks_.cut_off(connection.lease);
      close(connection);
      return;
    case ReceiveOutcome::frame:
      if (!handle(connection, frame, std::move(descriptors))) close(connection);
      return;
  }
}

std::vector<const ContainerDescription *> NetdServer::containers() const {
  std::vector<const ContainerDescription *> found;
  for (const auto &connection : connections_) {
    if (connection->leased && connection->socket) found.push_back(&connection->lease.container);
  }
  return found;
}

const std::vector<net::IpAddress> &NetdServer::host_resolvers() {
  if (loop_.now_ms() < resolvers_known_until_ms_) return host_resolvers_;
  if (auto asked = agent_->resolvers()) host_resolvers_ = asked.take();
  resolvers_known_until_ms_ = loop_.now_ms() + kResolversMs;
  return host_resolvers_;
}

NetdServer::Connection *NetdServer::find_lease(std::string_view container) {
  const auto found = std::find_if(connections_.begin(), connections_.end(), [container](const auto &connection) {
    return connection->leased && connection->socket && connection->lease.container.id == container;
  });
  return found == connections_.end() ? nullptr : found->get();
}

bool NetdServer::in_use(std::string_view id) const {
  return std::any_of(connections_.begin(), connections_.end(), [id](const auto &connection) {
    const auto &endpoints = connection->lease.container.endpoints;
    const auto is_of = [id](const auto &endpoint) { return endpoint.network.id == id; };
    return connection->entered && connection->socket && std::any_of(endpoints.begin(), endpoints.end(), is_of);
  });
}

void NetdServer::close(Connection &connection) {
  if (!connection.socket) return;
  end_run(connection);
  loop_.forget(connection, connection.socket.get());
  close_politely(connection.socket.release());
  connection.lease.network_namespace.reset();
}

void NetdServer::end_run(const Connection &connection) {
  if (connection.entered) networks_.end_run(connection.lease);
}

// After each turn, when nobody is served any more.
void NetdServer::sweep() {
  const size_t before = connections_.size();
  std::erase_if(connections_, [](const auto &connection) { return !connection->socket; });
  if (connections_.size() != before) loop_.arm(*this, linger_ms_);
}

}  // namespace sampan
