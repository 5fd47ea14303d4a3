// SPDX-License-Identifier: Apache-2.0
// The agent itself. netd may have been taken over by whoever sent the packets: what it asks for is checked as if it
// came from a stranger, and nothing can be asked for but this.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "addon/helper/attach_server.h"
#include "addon/helper/frame_io.h"
#include "addon/helper/netd.h"
#include "addon/helper/netd_confine.h"
#include "addon/helper/network_agent.h"
#include "addon/net/dns_resolvers.h"

namespace sampan {

namespace {

constexpr int kFailed = 1;

// An answer in the making.
struct Reply {
  uint32_t flags = 0;
  std::string payload;
  std::vector<unique_fd> descriptors;
};

class Agent {
 public:
  Agent(unique_fd socket, int directory) : socket_(std::move(socket)), directory_(directory) {}

  // Until netd has ended.
  void run();

 private:
  using Descriptors = std::vector<unique_fd>;

  Status serve(const Frame &frame, Descriptors &given, Reply &reply);
  Status work_on_endpoint(AgentRequest request, const Frame &frame, Descriptors &given, Reply &reply);
  static Status make(const NetworkDescription &network, Descriptors &given, Reply &reply);
  static Status open_sockets(const FrameHeader &order, const Descriptors &given, Reply &reply);
  static Status steer(const FrameHeader &order, const Descriptors &given);
  static Status hand_over(const Frame &frame, const Descriptors &given, Reply &reply);
  Status listen(Reply &reply);
  bool send(const Status &outcome, const Reply &reply);

  unique_fd socket_;
  int directory_;
  net::HostResolvers resolvers_;
};

void Agent::run() {
  const auto payload = std::make_unique<char[]>(kMaxFramePayload);
  for (;;) {
    struct pollfd polled = {socket_.get(), POLLIN, 0};
    if (::poll(&polled, 1, -1) < 0 && errno != EINTR) return;
    Frame frame;
    Descriptors given;
    const ReceiveOutcome outcome = receive_frame(socket_.get(), payload.get(), &frame, &given);
    if (outcome == ReceiveOutcome::none) continue;
    if (outcome == ReceiveOutcome::closed) return;
    Reply reply;
    const Status served =
        frame.descriptors_lost ? Status(lost_descriptors("network agent")) : serve(frame, given, reply);
    if (!send(served, reply)) return;
  }
}

Status Agent::serve(const Frame &frame, Descriptors &given, Reply &reply) {
  const auto request = static_cast<AgentRequest>(frame.header.a);
  switch (request) {
    case AgentRequest::make_network:
    case AgentRequest::plug_in:
    case AgentRequest::unplug:
    case AgentRequest::cut_off:
    case AgentRequest::route:
    case AgentRequest::steer:
    case AgentRequest::unsteer:
      return work_on_endpoint(request, frame, given, reply);
    case AgentRequest::inner_sockets:
      return open_sockets(frame.header, given, reply);
    case AgentRequest::steer_handed_over:
      return steer(frame.header, given);
    case AgentRequest::hand_over:
      return hand_over(frame, given, reply);
    case AgentRequest::resolvers: {
      const auto &servers = resolvers_.current();
      reply.payload.assign(reinterpret_cast<const char *>(servers.data()), servers.size() * sizeof servers[0]);
      return {};
    }
    case AgentRequest::listen:
      return listen(reply);
    case AgentRequest::hide:
      ::unlinkat(directory_, kNetdSocket, 0);
      return {};
    case AgentRequest::join_datagrams:
      if (given.size() != 1) return Error{EBADF, "network agent", "namespaces"};
      return join_datagrams(given.front().get(), frame.header.b != 0);
  }
  return Error{EINVAL, "network agent", "request"};
}

Status Agent::work_on_endpoint(AgentRequest request, const Frame &frame, Descriptors &given, Reply &reply) {
  const auto parsed = parse_description(frame.payload);
  if (!parsed) return parsed.error();
  if (parsed.value().endpoints.size() != 1) return Error{EINVAL, "network agent", "description"};
  const EndpointDescription &endpoint = parsed.value().endpoints.front();
  if (request == AgentRequest::make_network) return make(endpoint.network, given, reply);
  if (given.size() != (request == AgentRequest::plug_in ? 2 : 1)) return Error{EBADF, "network agent", "namespaces"};
  const int first = given.front().get();
  if (request == AgentRequest::plug_in) return plug_in(endpoint, first, given.back().get());
  if (request == AgentRequest::unplug) return unplug(endpoint, first);
  if (request == AgentRequest::cut_off) return cut_off(endpoint, first);
  if (request == AgentRequest::route) return route(endpoint, first);
  if (request == AgentRequest::steer) return steer_answers(endpoint, first);
  unsteer_answers(endpoint, first);
  return {};
}

Status Agent::make(const NetworkDescription &network, Descriptors &given, Reply &reply) {
  auto made = make_network(network, given.empty() ? unique_fd() : std::move(given.front()));
  if (!made) return made.error();
  auto &[network_namespace, tun, dns] = made.value();
  reply.flags = tun.udp_segments ? 1 : 0;
  reply.descriptors.push_back(std::move(network_namespace));
  if (tun.fd) reply.descriptors.push_back(std::move(tun.fd));
  for (unique_fd &socket : dns.udp) reply.descriptors.push_back(std::move(socket));
  if (dns.tcp) reply.descriptors.push_back(std::move(dns.tcp));
  return {};
}

Status Agent::open_sockets(const FrameHeader &order, const Descriptors &given, Reply &reply) {
  const auto family = static_cast<int>(order.b);
  const auto type = static_cast<int>(order.c >> 16);
  const size_t count = order.c & 0xFFFF;
  const bool known = (family == AF_INET || family == AF_INET6) && (type == SOCK_STREAM || type == SOCK_DGRAM);
  if (!known || given.size() != 1 || count == 0 || count > kMaxFrameDescriptors) {
    return Error{EINVAL, "network agent", "sockets"};
  }
  reply.descriptors.resize(count);
  size_t opened = 0;
  auto outcome = net::open_inner_sockets(given.front().get(), family, type, reply.descriptors, &opened);
  reply.descriptors.resize(opened);
  return opened > 0 ? Status() : outcome;
}

Status Agent::steer(const FrameHeader &order, const Descriptors &given) {
  const auto family = static_cast<int>(order.b);
  if ((family != AF_INET && family != AF_INET6) || given.size() != 1) return Error{EINVAL, "network agent", "rules"};
  return steer_handed_over(family, given.front().get());
}

Status Agent::hand_over(const Frame &frame, const Descriptors &given, Reply &reply) {
  net::TcpHandover handover;
  if (frame.payload.size() != sizeof handover || given.size() != 1) return Error{EINVAL, "network agent", "connection"};
  std::memcpy(&handover, frame.payload.data(), sizeof handover);
  if (auto valid = net::validate(handover); !valid) return valid;
  auto made = net::open_handed_over(given.front().get(), handover);
  if (!made) return made.error();
  reply.descriptors.push_back(made.take());
  return {};
}

// Only netd has the listening socket: when it is gone, whoever connects hears so at once.
Status Agent::listen(Reply &reply) {
  AttachServer server;
  if (auto opened = server.open(directory_, kNetdSocket); !opened) return opened;
  reply.descriptors.push_back(server.release());
  return {};
}

bool Agent::send(const Status &outcome, const Reply &reply) {
  if (!outcome) {
    const Error &error = outcome.error();
    const std::string text = error.subject + '\0' + error.call + '\0' + error.detail + '\0';
    const FrameHeader failed = {.a = static_cast<uint32_t>(error.number == 0 ? EIO : error.number)};
    return send_frame(socket_.get(), failed, text) == SendOutcome::sent;
  }
  std::vector<int> descriptors;
  for (const auto &descriptor : reply.descriptors) descriptors.push_back(descriptor.get());
  return send_frame(socket_.get(), {.b = reply.flags}, reply.payload, descriptors) == SendOutcome::sent;
}

// ps and those who look for netd see who is who: the arguments of this process are those of netd (main.cc), in memory
// one after the other. Where their last byte is not NUL, the kernel shows the first string only (proc(5), cmdline).
constexpr std::string_view kOld = "sampan-netd";
constexpr std::string_view kNew = "sampan-agent";
constexpr int kArguments = 3;

void rename_process() {
  ::prctl(PR_SET_NAME, kNew.data());
  const std::string title = program_invocation_name;
  if (!title.starts_with(kOld)) return;
  // Longer by one: the last byte falls on the next argument, the role.
  const std::string renamed = std::string(kNew) + title.substr(kOld.size());
  char *end = program_invocation_name;
  for (int i = 0; i < kArguments; ++i) end += std::strlen(end) + 1;
  std::memcpy(program_invocation_name, renamed.c_str(), renamed.size() + 1);
  end[-1] = '.';
}

}  // namespace

int run_network_agent(unique_fd socket, int directory) {
  rename_process();
  if (!confine_network_agent()) return kFailed;
  Agent(std::move(socket), directory).run();
  // Still under the lock: nobody else's names.
  ::unlinkat(directory, kNetdSocket, 0);
  ::unlinkat(directory, kNetdLock, 0);
  return 0;
}

}  // namespace sampan
