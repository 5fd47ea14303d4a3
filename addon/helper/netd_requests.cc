// SPDX-License-Identifier: Apache-2.0
// What netd is asked for (addon/protocol/frames.def, NET_*), request by request.
#include <string>
#include <utility>

#include "addon/helper/netd.h"
#include "addon/helper/netd_connection.h"
#include "addon/helper/netd_state.h"
#include "addon/protocol/plan.h"
#include "addon/sys/file.h"

namespace sampan {

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
  // Another run of the same container, if this is not the first.
  networks_.cut_off(connection.lease);
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
  if (!sys::same_file(descriptors.front().get(), user_namespace_.get())) {
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

}  // namespace sampan
