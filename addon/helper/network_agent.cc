// SPDX-License-Identifier: Apache-2.0
// netd's side of the agent.
#include "addon/helper/network_agent.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "addon/helper/frame_io.h"
#include "addon/sys/process.h"
#include "addon/sys/socket.h"

namespace sampan {

namespace {

// In the text of a description an endpoint stands in a container.
std::string text_of(const EndpointDescription &endpoint) {
  return format_description({.id = "-", .hostnames = {}, .resolvers = {}, .endpoints = {endpoint}});
}

// The agent takes nothing along that it does not need: neither the connection of whoever started netd, nor what the
// connections of containers will be.
void keep_only(std::initializer_list<int> kept) {
  std::vector<int> sorted(kept);
  std::sort(sorted.begin(), sorted.end());
  unsigned from = STDERR_FILENO + 1;
  for (const int fd : sorted) {
    if (static_cast<unsigned>(fd) > from) sys::close_range(from, static_cast<unsigned>(fd) - 1);
    from = static_cast<unsigned>(fd) + 1;
  }
  sys::close_range(from, ~0U);
}

}  // namespace

NetworkAgent::NetworkAgent(unique_fd socket)
    : socket_(std::move(socket)), payload_(std::make_unique<char[]>(kMaxFramePayload)) {}

NetworkAgent::~NetworkAgent() {
  constexpr int kPatienceMs = 1000;
  ::shutdown(socket_.get(), SHUT_WR);
  struct pollfd polled = {socket_.get(), 0, 0};
  while (::poll(&polled, 1, kPatienceMs) < 0 && errno == EINTR) {
  }
}

// #syscalls: socketpair fork close_range
Result<std::unique_ptr<NetworkAgent>> NetworkAgent::start(int directory, int lock) {
  auto pair = sys::seqpacket_pair();
  if (!pair) return pair.error();
  auto &[ours, theirs] = pair.value();
  const pid_t pid = ::fork();
  if (pid < 0) return last_error("fork", "network agent");
  if (pid == 0) {
    keep_only({directory, lock, theirs.get()});
    ours.release();
    ::_exit(run_network_agent(std::move(theirs), directory));
  }
  return std::unique_ptr<NetworkAgent>(new NetworkAgent(std::move(ours)));
}

Result<NetworkAgent::Answer> NetworkAgent::ask(AgentRequest request, std::string_view text,
                                               std::span<const int> descriptors, uint32_t b, uint32_t c) {
  const FrameHeader header = {.a = static_cast<uint32_t>(request), .b = b, .c = c};
  if (send_frame(socket_.get(), header, text, descriptors) != SendOutcome::sent) {
    return Error{ECONNRESET, "sendmsg", "network agent"};
  }
  for (;;) {
    struct pollfd polled = {socket_.get(), POLLIN, 0};
    if (::poll(&polled, 1, -1) < 0 && errno != EINTR) return last_error("poll", "network agent");
    Frame frame;
    std::vector<unique_fd> received;
    const ReceiveOutcome outcome = receive_frame(socket_.get(), payload_.get(), &frame, &received);
    if (outcome == ReceiveOutcome::none) continue;
    if (outcome == ReceiveOutcome::closed) return Error{ECONNRESET, "recvmsg", "network agent"};
    Answer answer{frame.header.b, std::string(frame.payload), std::move(received), frame.descriptors_lost};
    if (frame.header.a != 0) {
      answer.number = frame.header.a;
      return failure_of(answer);
    }
    return answer;
  }
}

Status NetworkAgent::tell(AgentRequest request, const EndpointDescription &endpoint, std::span<const int> namespaces) {
  auto asked = ask(request, text_of(endpoint), namespaces);
  return asked ? Status() : Status(asked.error());
}

// Subject, call and detail, each ended by NUL.
Error NetworkAgent::failure_of(const Answer &answer) {
  std::string parts[3];
  std::string_view rest = answer.payload;
  for (std::string &part : parts) {
    part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  }
  return Error{static_cast<int>(answer.number), calls_.insert(parts[1]).first->c_str(), parts[0], parts[2]};
}

Result<MadeNetwork> NetworkAgent::make_network(const NetworkDescription &description, int adopted) {
  const EndpointDescription endpoint{.network = description,
                                     .interface_name = "-",
                                     .mac = {},
                                     .default_route = false,
                                     .addresses = {},
                                     .names = {},
                                     .published = {}};
  const std::span<const int> descriptors(&adopted, adopted >= 0 ? 1 : 0);
  auto asked = ask(AgentRequest::make_network, text_of(endpoint), descriptors);
  if (!asked) return asked.error();
  auto &[flags, payload, received, lost] = asked.value();
  if (lost) return lost_descriptors("network agent");
  const size_t before_dns = description.internal ? 1 : 2;
  if (received.size() < before_dns) {
    return Error{EPROTO, "recvmsg", "network agent"};
  }
  MadeNetwork made;
  made.network_namespace = std::move(received[0]);
  if (!description.internal) made.tun = {std::move(received[1]), flags != 0};
  if (received.size() == before_dns) return made;
  made.dns.tcp = std::move(received.back());
  for (size_t i = before_dns; i + 1 < received.size(); ++i) made.dns.udp.push_back(std::move(received[i]));
  return made;
}

Status NetworkAgent::plug_in(const EndpointDescription &endpoint, int network_namespace, int container_namespace) {
  const int descriptors[] = {network_namespace, container_namespace};
  return tell(AgentRequest::plug_in, endpoint, descriptors);
}

Status NetworkAgent::unplug(const EndpointDescription &endpoint, int container_namespace) {
  return tell(AgentRequest::unplug, endpoint, {&container_namespace, 1});
}

void NetworkAgent::cut_off(const EndpointDescription &endpoint, int container_namespace) {
  // A failure means that there is no such interface any more.
  (void)tell(AgentRequest::cut_off, endpoint, {&container_namespace, 1});
}

Status NetworkAgent::route(const EndpointDescription &endpoint, int container_namespace) {
  return tell(AgentRequest::route, endpoint, {&container_namespace, 1});
}

Status NetworkAgent::steer(const EndpointDescription &endpoint, int network_namespace) {
  return tell(AgentRequest::steer, endpoint, {&network_namespace, 1});
}

void NetworkAgent::unsteer(const EndpointDescription &endpoint, int network_namespace) {
  (void)tell(AgentRequest::unsteer, endpoint, {&network_namespace, 1});
}

Status NetworkAgent::open_inner_sockets(int network_namespace, int family, int type, std::span<unique_fd> sockets,
                                        size_t *opened) {
  const uint32_t order = static_cast<uint32_t>(type) << 16 | static_cast<uint32_t>(sockets.size());
  auto asked = ask(AgentRequest::inner_sockets, {}, {&network_namespace, 1}, static_cast<uint32_t>(family), order);
  if (!asked) return asked.error();
  for (unique_fd &socket : asked.value().descriptors) {
    if (*opened == sockets.size()) break;
    sockets[(*opened)++] = std::move(socket);
  }
  return *opened > 0 ? Status() : Error{EMFILE, "recvmsg", "network agent"};
}

Status NetworkAgent::join_datagrams(int network_namespace, bool on) {
  auto asked = ask(AgentRequest::join_datagrams, {}, {&network_namespace, 1}, on ? 1 : 0);
  return asked ? Status() : Status(asked.error());
}

Status NetworkAgent::steer_handed_over(int network_namespace, int family) {
  auto asked = ask(AgentRequest::steer_handed_over, {}, {&network_namespace, 1}, static_cast<uint32_t>(family));
  return asked ? Status() : Status(asked.error());
}

Result<unique_fd> NetworkAgent::hand_over(int network_namespace, const net::TcpHandover &handover) {
  const std::string_view bytes(reinterpret_cast<const char *>(&handover), sizeof handover);
  auto asked = ask(AgentRequest::hand_over, bytes, {&network_namespace, 1});
  if (!asked) return asked.error();
  // What was made and did not arrive has reset the connection.
  if (asked.value().descriptors.size() != 1) return Error{ECONNABORTED, "recvmsg", "network agent"};
  return std::move(asked.value().descriptors.front());
}

// A kernel that cannot do it is asked once.
Result<unique_fd> AgentHandover::take(const net::TcpHandover &handover) {
  const bool v4 = handover.key.source.is_v4();
  bool &steered = v4 ? steered_v4_ : steered_v6_;
  if (!steered) {
    auto made = agent_.steer_handed_over(network_namespace_, v4 ? AF_INET : AF_INET6);
    if (!made) return Error{EOPNOTSUPP, made.error().call, made.error().subject};
    steered = true;
  }
  return agent_.hand_over(network_namespace_, handover);
}

Result<std::vector<net::IpAddress>> NetworkAgent::resolvers() {
  auto asked = ask(AgentRequest::resolvers, {}, {});
  if (!asked) return asked.error();
  std::vector<net::IpAddress> servers(asked.value().payload.size() / sizeof(net::IpAddress));
  std::memcpy(servers.data(), asked.value().payload.data(), servers.size() * sizeof(net::IpAddress));
  return servers;
}

Result<unique_fd> NetworkAgent::listen() {
  auto asked = ask(AgentRequest::listen, {}, {});
  if (!asked) return asked.error();
  if (asked.value().descriptors.size() != 1) return Error{EPROTO, "recvmsg", "network agent"};
  return std::move(asked.value().descriptors.front());
}

void NetworkAgent::hide() { (void)ask(AgentRequest::hide, {}, {}); }

}  // namespace sampan
