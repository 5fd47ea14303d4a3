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

constexpr int kNotAdopted = -1;
// A burst of queries asks the agent once.
constexpr uint64_t kResolversMs = 200;

bool share_address(const EndpointDescription &one, const EndpointDescription &other) {
  return std::any_of(one.addresses.begin(), one.addresses.end(), [&](const auto &address) {
    return std::any_of(other.addresses.begin(), other.addresses.end(),
                       [&](const auto &theirs) { return to_ip_address(theirs) == to_ip_address(address); });
  });
}

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
  ContainerDescription container;
  unique_fd container_namespace;
};

NetdServer::NetdServer(uint32_t linger_ms) : linger_ms_(linger_ms) {}
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
  auto resources = net::StackResources::create(loop_);
  if (!resources) return resources.error();
  resources_ = resources.take();
  if (auto opened = ports_.open(loop_, *agent_); !opened) return opened;
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
    if (!accepted) return;
    auto &made = *connections_.emplace_back(std::make_unique<Connection>(*this, accepted.take()));
    if (!loop_.watch(made, made.socket.get(), EPOLLIN)) made.socket.reset();
  }
}

// Connections that wait to be accepted count as well.
void NetdServer::expired() {
  take_down([this](const std::string &id) { return !in_use(id); });
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
  if (!parsed) return answer(connection, parsed.error()) && false;
  // Another run of the same container: the interfaces of the last one are gone with its namespace.
  end_run(connection);
  connection.container = parsed.take();
  connection.entered = true;
  connection.leased = false;
  connection.container_namespace.reset();
  const int descriptors[] = {user_namespace_.get()};
  return send_frame(connection.socket.get(), {.type = FrameType::net_entered}, {}, descriptors) == SendOutcome::sent;
}

bool NetdServer::attach(Connection &connection, Descriptors &descriptors) {
  if (!connection.entered || connection.leased || descriptors.size() != 1) return false;
  connection.container_namespace = std::move(descriptors.front());
  connection.leased = true;
  if (auto plugged = plug_in_all(connection); !plugged) return answer(connection, plugged) && false;
  return send_attached(connection);
}

Status NetdServer::plug_in_all(Connection &lease) {
  for (auto &endpoint : lease.container.endpoints) {
    auto found = network(endpoint.network, kNotAdopted);
    if (!found) return found.error();
    // Of a container whose end nobody has told us yet.
    found.value()->forget_flows(endpoint);
    if (auto published = ports_.publish(found.value()->namespace_fd(), &endpoint); !published) return published;
    if (auto added = agent_->plug_in(endpoint, found.value()->namespace_fd(), lease.container_namespace.get()); !added)
      return added;
  }
  return {};
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
    return answer(connection, Error{EXDEV, "netd", "another user namespace"}) && false;
  }
  connection.container = parsed.take();
  connection.container_namespace = std::move(descriptors.back());
  connection.entered = connection.leased = true;
  for (size_t i = 0; i < connection.container.endpoints.size(); ++i) {
    auto &endpoint = connection.container.endpoints[i];
    auto found = network(endpoint.network, descriptors[kBeforeNetworks + i].get());
    if (!found) return answer(connection, found.error()) && false;
    // A port that somebody took in between is lost; the container lives on.
    (void)ports_.publish(found.value()->namespace_fd(), &endpoint);
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
    lease->container.hostnames = hostnames;
  } else if (endpoints.empty()) {
    changed = Error{EINVAL, "netd", id};
  } else if (frame.header.type == FrameType::net_connect) {
    changed = connect(*lease, endpoints.front());
  } else {
    changed = disconnect(*lease, endpoints.front());
    if (changed && endpoints.size() > 1) changed = route(*lease, endpoints.back());
  }
  if (changed && !send_attached(*lease)) close(*lease);
  return answer(connection, changed);
}

Status NetdServer::connect(Connection &lease, const EndpointDescription &endpoint) {
  auto &endpoints = lease.container.endpoints;
  const auto same = [&](const auto &other) { return other.network.id == endpoint.network.id; };
  if (std::any_of(endpoints.begin(), endpoints.end(), same)) return Error{EEXIST, "netd", endpoint.network.id};
  auto found = network(endpoint.network, kNotAdopted);
  if (!found) return found.error();
  auto added = agent_->plug_in(endpoint, found.value()->namespace_fd(), lease.container_namespace.get());
  if (added) endpoints.push_back(endpoint);
  return added;
}

Status NetdServer::disconnect(Connection &lease, const EndpointDescription &endpoint) {
  auto &endpoints = lease.container.endpoints;
  const auto found = std::find_if(endpoints.begin(), endpoints.end(),
                                  [&](const auto &other) { return other.network.id == endpoint.network.id; });
  // The rest of a command that was killed.
  if (found == endpoints.end()) return {};
  auto removed = agent_->unplug(*found, lease.container_namespace.get());
  if (!removed) return removed;
  end_endpoint(lease, *found);
  endpoints.erase(found);
  return removed;
}

// The network that is left leads out from now on.
Status NetdServer::route(Connection &lease, const EndpointDescription &endpoint) {
  auto &endpoints = lease.container.endpoints;
  const auto found = std::find_if(endpoints.begin(), endpoints.end(),
                                  [&](const auto &other) { return other.network.id == endpoint.network.id; });
  if (found == endpoints.end()) return Error{ENOENT, "netd", endpoint.network.id};
  found->default_route = true;
  return agent_->route(*found, lease.container_namespace.get());
}

bool NetdServer::change_ports(Connection &connection, const Frame &frame) {
  auto parsed = parse_description(frame.payload);
  if (!parsed) return answer(connection, parsed.error());
  auto &asked = parsed.value();
  Connection *lease = find_lease(asked.id);
  if (lease == nullptr || asked.endpoints.size() != 1) return answer(connection, Error{ESRCH, "netd", asked.id});
  EndpointDescription &wanted = asked.endpoints.front();
  if (frame.header.type == FrameType::net_publish) {
    if (const auto published = publish(*lease, wanted); !published) return answer(connection, published);
  } else {
    for (auto &endpoint : lease->container.endpoints) ports_.remove(&endpoint, wanted.published);
  }
  if (!send_attached(*lease)) close(*lease);
  const std::string lines = published_lines(format_description(asked));
  return send_frame(connection.socket.get(), {.type = FrameType::net_done}, lines) == SendOutcome::sent;
}

Status NetdServer::publish(Connection &lease, EndpointDescription &wanted) {
  auto &endpoints = lease.container.endpoints;
  const auto endpoint = std::find_if(endpoints.begin(), endpoints.end(),
                                     [&](const auto &other) { return other.network.id == wanted.network.id; });
  const NetdNetwork *found = endpoint == endpoints.end() ? nullptr : find_network(wanted.network.id);
  if (found == nullptr) return Error{ENOENT, "netd", wanted.network.id};
  if (auto added = ports_.add(found->namespace_fd(), &*endpoint, &wanted.published); !added) return added;
  // The monitor has to be able to keep it.
  if (format_description(lease.container).size() <= kMaxFramePayload) return {};
  ports_.remove(&*endpoint, wanted.published);
  return Error{E2BIG, "netd", std::to_string(endpoint->published.size()) + " ports"};
}

bool NetdServer::forget(Connection &connection, std::string_view id) {
  if (in_use(id)) return answer(connection, Error{EBUSY, "netd", std::string(id)});
  take_down([id](const std::string &other) { return other == id; });
  return answer(connection, {});
}

bool NetdServer::list(Connection &connection) {
  NetdState state;
  for (const auto &network : networks_) state.add(*network);
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

// What the monitor needs to go on with another netd.
bool NetdServer::send_attached(Connection &lease) {
  std::vector<int> descriptors = {user_namespace_.get(), kPlanFd};
  for (const auto &endpoint : lease.container.endpoints) {
    const NetdNetwork *network = find_network(endpoint.network.id);
    if (network == nullptr) return false;
    descriptors.push_back(network->namespace_fd());
  }
  const std::string text = format_description(lease.container);
  return send_frame(lease.socket.get(), {.type = FrameType::net_attached}, text, descriptors) == SendOutcome::sent;
}

Result<NetdNetwork *> NetdServer::network(const NetworkDescription &description, int adopted) {
  if (NetdNetwork *known = find_network(description.id)) return known;
  auto made = NetdNetwork::create({loop_, *resources_, *agent_, *this}, description, adopted);
  if (!made) return made.error();
  NetdNetwork *network = networks_.emplace_back(made.take()).get();
  part_networks();
  return network;
}

// Each is closed to the others.
void NetdServer::part_networks() {
  for (const auto &network : networks_) {
    std::vector<net::IpPrefix> others;
    for (const auto &other : networks_) {
      if (other == network) continue;
      for (const auto &gateway : other->description().gateways) others.push_back(to_ip_prefix(gateway));
    }
    network->deny(others);
  }
}

std::vector<const ContainerDescription *> NetdServer::containers() const {
  std::vector<const ContainerDescription *> found;
  for (const auto &connection : connections_) {
    if (connection->leased && connection->socket) found.push_back(&connection->container);
  }
  return found;
}

const std::vector<net::IpAddress> &NetdServer::host_resolvers() {
  if (loop_.now_ms() < resolvers_known_until_ms_) return host_resolvers_;
  if (auto asked = agent_->resolvers()) host_resolvers_ = asked.take();
  resolvers_known_until_ms_ = loop_.now_ms() + kResolversMs;
  return host_resolvers_;
}

NetdNetwork *NetdServer::find_network(std::string_view id) {
  const auto found = std::find_if(networks_.begin(), networks_.end(),
                                  [id](const auto &network) { return network->description().id == id; });
  return found == networks_.end() ? nullptr : found->get();
}

NetdServer::Connection *NetdServer::find_lease(std::string_view container) {
  const auto found = std::find_if(connections_.begin(), connections_.end(), [container](const auto &connection) {
    return connection->leased && connection->socket && connection->container.id == container;
  });
  return found == connections_.end() ? nullptr : found->get();
}

bool NetdServer::in_use(std::string_view id) const {
  return std::any_of(connections_.begin(), connections_.end(), [id](const auto &connection) {
    const auto &endpoints = connection->container.endpoints;
    const auto is_of = [id](const auto &endpoint) { return endpoint.network.id == id; };
    return connection->entered && connection->socket && std::any_of(endpoints.begin(), endpoints.end(), is_of);
  });
}

// The container has ended, and its interfaces with its network namespace.
void NetdServer::close(Connection &connection) {
  if (!connection.socket) return;
  end_run(connection);
  loop_.forget(connection, connection.socket.get());
  close_politely(connection.socket.release());
  connection.container_namespace.reset();
}

void NetdServer::end_run(const Connection &lease) {
  if (!lease.leased) return;
  for (const auto &endpoint : lease.container.endpoints) end_endpoint(lease, endpoint);
}

// What has its addresses by now keeps what it has made with them.
void NetdServer::end_endpoint(const Connection &lease, const EndpointDescription &endpoint) {
  ports_.withdraw(endpoint);
  const auto is_same = [&](const EndpointDescription &other) {
    return other.network.id == endpoint.network.id && share_address(other, endpoint);
  };
  const bool is_taken = std::any_of(connections_.begin(), connections_.end(), [&](const auto &other) {
    const auto &endpoints = other->container.endpoints;
    return other.get() != &lease && other->leased && other->socket &&
           std::any_of(endpoints.begin(), endpoints.end(), is_same);
  });
  NetdNetwork *network = find_network(endpoint.network.id);
  if (network != nullptr && !is_taken) network->forget_flows(endpoint);
}

// Networks whose id is chosen.
template <typename Chosen>
void NetdServer::take_down(Chosen chosen) {
  std::erase_if(networks_, [&](const auto &network) {
    const std::string &id = network->description().id;
    if (!chosen(id)) return false;
    ports_.forget_network(id);
    return true;
  });
  part_networks();
}

// After each turn, when nobody is served any more.
void NetdServer::sweep() {
  const size_t before = connections_.size();
  std::erase_if(connections_, [](const auto &connection) { return !connection->socket; });
  if (connections_.size() != before) loop_.arm(*this, linger_ms_);
}

}  // namespace sampan
