// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "addon/helper/descriptor_reserve.h"
#include "addon/helper/netd.h"
#include "addon/helper/netd_state.h"
#include "addon/protocol/plan.h"

namespace sampan {

namespace {

// A burst of queries asks the agent once.
constexpr uint64_t kResolversMs = 200;

constexpr uint64_t kAcceptLaterMs = 200;

bool same_file(int one, int other) {
  struct stat first = {};
  struct stat second = {};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 && first.st_ino == second.st_ino &&
         first.st_dev == second.st_dev;
}

}  // namespace

struct NetdServer::Connection final : public Watch {
  Connection(NetdServer &netd, unique_fd connection) : server(netd), socket(std::move(connection)) {}
  void ready(uint32_t) override { server.serve(*this); }

  NetdServer &server;
  unique_fd socket;  // closed when the connection is over; it is forgotten after the turn
  bool entered = false;
  bool leased = false;
  Status prepared;  // what came of the preparations of NET_ENTER, for who attaches
  NetdLease lease;
};

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
      close(connection);
      return;
    case ReceiveOutcome::frame:
      if (!handle(connection, frame, std::move(descriptors))) close(connection);
      return;
  }
}

// False: the connection is of no use any more.
bool NetdServer::handle(Connection &connection, const Frame &frame, Descriptors descriptors) {
  if (frame.descriptors_lost) return refuse(connection, lost_descriptors("netd"));
  switch (frame.header.type) {
    case FrameType::net_enter:
      return enter(connection, frame);
    case FrameType::net_attach:
      return attach(connection, descriptors);
    case FrameType::net_resume:
      return resume(connection, frame, descriptors);
    case FrameType::net_connect:
    case FrameType::net_disconnect:
    case FrameType::net_rename:
      return change(connection, frame);
    case FrameType::net_publish:
    case FrameType::net_withdraw:
      return change_ports(connection, frame);
    case FrameType::net_forget:
      return forget(connection, frame.payload);
    case FrameType::net_list:
      return list(connection);
    default:
      return false;
  }
}

bool NetdServer::enter(Connection &connection, const Frame &frame) {
  auto parsed = parse_description(frame.payload);
  if (!parsed) return refuse(connection, parsed.error());
  // Another run of the same container: the interfaces of the last one are gone with its namespace.
  end_run(connection);
  connection.lease = {.container = parsed.take(), .network_namespace = {}};
  connection.entered = true;
  connection.leased = false;
  const int descriptors[] = {user_namespace_.get()};
  const auto sent = send_frame(connection.socket.get(), {.type = FrameType::net_entered}, {}, descriptors);
  if (sent != SendOutcome::sent) return false;
  // While the monitor clones the container, which takes longer.
  connection.prepared = networks_.prepare(connection.lease);
  return true;
}

bool NetdServer::attach(Connection &connection, Descriptors &descriptors) {
  if (!connection.entered || connection.leased || descriptors.size() != 1) return false;
  connection.lease.network_namespace = std::move(descriptors.front());
  connection.leased = true;
  if (!connection.prepared) return refuse(connection, connection.prepared.error());
  if (auto plugged = networks_.plug_in(connection.lease); !plugged) return refuse(connection, plugged.error());
  return send_attached(connection);
}

// What an earlier netd had made is still there, except the tuns.
bool NetdServer::resume(Connection &connection, const Frame &frame, Descriptors &descriptors) {
  if (connection.entered) return false;
  auto parsed = parse_description(frame.payload);
  constexpr size_t kBeforeNetworks = 2;
  if (!parsed || descriptors.size() != kBeforeNetworks + parsed.value().endpoints.size() + 1) return false;
  // A netd that a command started meanwhile has no rights over this container. Unused, it makes room for one that has.
  if (!same_file(descriptors.front().get(), user_namespace_.get())) {
    if (connections_.size() == 1) over_ = true;
    return refuse(connection, Error{EXDEV, "netd", "another user namespace"});
  }
  connection.lease = {.container = parsed.take(), .network_namespace = std::move(descriptors.back())};
  connection.entered = connection.leased = true;
  const auto namespaces = std::span(descriptors).subspan(kBeforeNetworks);
  if (auto resumed = networks_.resume(connection.lease, namespaces); !resumed) {
    return refuse(connection, resumed.error());
  }
  return send_attached(connection);
}

bool NetdServer::change(Connection &connection, const Frame &frame) {
  const auto parsed = parse_description(frame.payload);
  if (!parsed) return answer(connection, parsed.error());
  const auto &[id, hostnames, resolvers, endpoints] = parsed.value();
  Connection *lease = find_lease(id);
  if (lease == nullptr) return answer(connection, Error{ESRCH, "netd", id});
  Status changed;
  if (frame.header.type == FrameType::net_rename) {
    lease->lease.container.hostnames = hostnames;
  } else if (endpoints.empty()) {
    changed = Error{EINVAL, "netd", id};
  } else if (frame.header.type == FrameType::net_connect) {
    changed = networks_.connect(lease->lease, endpoints.front());
  } else {
    changed = networks_.disconnect(lease->lease, endpoints.front());
    if (changed && endpoints.size() > 1) changed = networks_.route(lease->lease, endpoints.back());
  }
  if (changed && !send_attached(*lease)) close(*lease);
  return answer(connection, changed);
}

bool NetdServer::change_ports(Connection &connection, const Frame &frame) {
  auto parsed = parse_description(frame.payload);
  if (!parsed) return answer(connection, parsed.error());
  auto &asked = parsed.value();
  Connection *lease = find_lease(asked.id);
  if (lease == nullptr || asked.endpoints.size() != 1) return answer(connection, Error{ESRCH, "netd", asked.id});
  EndpointDescription &wanted = asked.endpoints.front();
  if (frame.header.type == FrameType::net_publish) {
    if (const auto published = networks_.publish(lease->lease, wanted); !published)
      return answer(connection, published);
  } else {
    networks_.withdraw(lease->lease, wanted.published);
  }
  if (!send_attached(*lease)) close(*lease);
  const std::string lines = published_lines(format_description(asked));
  return send_frame(connection.socket.get(), {.type = FrameType::net_done}, lines) == SendOutcome::sent;
}

bool NetdServer::forget(Connection &connection, std::string_view id) {
  if (in_use(id)) return answer(connection, Error{EBUSY, "netd", std::string(id)});
  networks_.take_down(id);
  return answer(connection, {});
}

bool NetdServer::list(Connection &connection) {
  NetdState state;
  for (const auto &network : networks_.all()) state.add(*network);
  for (const ContainerDescription *container : containers()) state.add(*container);
  return send_frame(connection.socket.get(), {.type = FrameType::net_state}, state.to_json()) == SendOutcome::sent;
}

bool NetdServer::answer(Connection &connection, const Status &outcome) {
  if (outcome) return send_frame(connection.socket.get(), {.type = FrameType::net_done}) == SendOutcome::sent;
  const Error &error = outcome.error();
  std::string text = error.subject + '\0' + error.call;
  if (!error.detail.empty()) text += ": " + error.detail;
  const FrameHeader failed = {.type = FrameType::net_failed, .a = static_cast<uint32_t>(error.number)};
  return send_frame(connection.socket.get(), failed, text) == SendOutcome::sent;
}

bool NetdServer::refuse(Connection &connection, const Error &error) {
  (void)answer(connection, error);
  return false;
}

// What the monitor needs to go on with another netd.
bool NetdServer::send_attached(Connection &connection) {
  std::vector<int> descriptors = {user_namespace_.get(), kPlanFd};
  const ContainerDescription &container = connection.lease.container;
  for (const auto &endpoint : container.endpoints) {
    const NetdNetwork *network = networks_.find(endpoint.network.id);
    if (network == nullptr) return false;
    descriptors.push_back(network->namespace_fd());
  }
  const std::string text = format_description(container);
  return send_frame(connection.socket.get(), {.type = FrameType::net_attached}, text, descriptors) == SendOutcome::sent;
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
