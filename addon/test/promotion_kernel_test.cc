// SPDX-License-Identifier: Apache-2.0
// Connections that are handed over to the kernel in the middle, between programs in a container's namespace behind a
// bridge, as netd's agent makes it, and servers on the other side of the stack. Every byte is compared.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "addon/helper/network_setup.h"
#include "addon/sys/network_namespace.h"
#include "addon/test/container_peer.h"
#include "addon/test/impaired_link.h"
#include "addon/test/pattern_traffic.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

constexpr uint16_t kPort = 7000;

sys::InterfaceAddress interface_address(const char *text, uint8_t length) {
  sys::InterfaceAddress made;
  const net::IpAddress address = ip(text);
  made.family = address.is_v4() ? AF_INET : AF_INET6;
  std::memcpy(made.bytes, address.is_v4() ? address.v4() : address.bytes, address.is_v4() ? 4 : 16);
  made.prefix_length = length;
  return made;
}

// What AgentHandover does, without the agent.
class Direct final : public net::HandoverTarget {
 public:
  explicit Direct(int network_namespace) : network_namespace_(network_namespace) {}
  Result<unique_fd> take(const net::TcpHandover &handover) override {
    const int family = handover.key.source.is_v4() ? AF_INET : AF_INET6;
    if (auto steered = steer_handed_over(family, network_namespace_); !steered) {
      std::fprintf(stderr, "%s: %s\n", steered.error().call, std::strerror(steered.error().number));
      return Error{EOPNOTSUPP, steered.error().call};
    }
    if (auto valid = net::validate(handover); !valid) return valid.error();
    auto made = net::open_handed_over(network_namespace_, handover);
    if (!made) std::fprintf(stderr, "%s: %s\n", made.error().call, std::strerror(made.error().number));
    return made;
  }

 private:
  int network_namespace_;
};

struct Container {
  unique_fd network;
  unique_fd inside;
  net::Tun tun;
};

// As a user's network and the first container on it.
Container make_container() {
  EndpointDescription endpoint;
  endpoint.network.id = "net";
  endpoint.network.mtu = 65520;
  endpoint.network.gateways = {interface_address("10.88.0.1", 16), interface_address("fd00:88::1", 64)};
  endpoint.interface_name = "eth0";
  endpoint.mac = {{2, 66, 10, 88, 0, 5}};
  endpoint.default_route = true;
  endpoint.addresses = {interface_address(kContainerAddress, 16), interface_address(kContainerV6, 64)};
  auto made = make_network(endpoint.network, {});
  auto inside = sys::new_network_namespace();
  CHECK(made.ok() && inside.ok());
  if (!made || !inside) return {};
  const auto plugged = plug_in(endpoint, made.value().network_namespace.get(), inside.value().get());
  CHECK(plugged.ok());
  return {std::move(made.value().network_namespace), inside.take(), std::move(made.value().tun)};
}

[[noreturn]] void run_clients(const Load &load, const net::SocketAddress &server, int inside) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::setns(inside, CLONE_NEWNET) != 0) ::_exit(10);
  for (unsigned number = 0; number < load.connections; ++number)
    if (::fork() == 0) ::_exit(run_traffic_client(load, server, number));
  int wrong = 0;
  for (int status = 0; ::wait(&status) > 0;)
    if (!WIFEXITED(status) || WEXITSTATUS(status) != kTrafficDone) ++wrong;
  ::_exit(wrong == 0 ? kTrafficDone : kTrafficWrong);
}

unique_fd listen_at(const net::SocketAddress &here) {
  unique_fd listener(::socket(here.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK_EQ(::bind(listener.get(), &here.any, here.length), 0);
  CHECK_EQ(::listen(listener.get(), 256), 0);
  return listener;
}

// Returns how many connections were handed over.
uint64_t transfer(const Load &load, const Impairment &impairment, bool v6 = false) {
  const unique_fd device(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!device) {
    std::fprintf(stderr, "not tried: /dev/net/tun cannot be opened\n");
    return load.connections;
  }
  const unique_fd listener = listen_at({ip(v6 ? "::1" : kServerAddress), kPort});
  const pid_t server = ::fork();
  if (server == 0) run_traffic_server(load, listener.get());
  Container container = make_container();
  const pid_t clients = ::fork();
  if (clients == 0) run_clients(load, {ip(v6 ? kHostAliasV6 : kServerAddress), kPort}, container.inside.get());
  Direct direct(container.network.get());
  World world(BadTun{std::move(container.tun.fd), impairment, &direct, {kPort}});
  int status = -1;
  constexpr int kPatienceMs = 60'000;
  int waited = 0;
  for (; ::waitpid(clients, &status, WNOHANG) != clients && waited < kPatienceMs; waited += 5) world.turn_for(5);
  CHECK(waited < kPatienceMs);
  CHECK(WIFEXITED(status));
  CHECK_EQ(WEXITSTATUS(status), kTrafficDone);
  for (int i = 0; i < 2'000 && world.stack->counters().tcp_connections != 0; ++i) world.turn_for(5);
  CHECK_EQ(world.stack->counters().tcp_connections, 0);
  CHECK_EQ(world.stack->counters().promotions_failed, 0);
  ::kill(clients, SIGKILL);
  ::kill(server, SIGKILL);
  return world.stack->counters().promoted;
}

TEST("a handed-over connection carries every byte and both ends") {
  with_server([] { CHECK_EQ(transfer({.connections = 1, .size = 30'000'000}, {}), 1); });
}

TEST("a connection is handed over while data flows both ways, and messages follow") {
  with_server(
      [] { CHECK_EQ(transfer({.connections = 4, .size = 10'000'000, .both_ways = true, .turns = 100}, {}), 4); });
}

TEST("many connections to one server are handed over at once") {
  with_server([] { CHECK(transfer({.connections = 40, .size = 3'000'000, .both_ways = true}, {}) > 20); });
}

TEST("what is lost, doubled and overtaken during the hand-over does no harm") {
  with_server([] { CHECK(transfer({.connections = 10, .size = 5'000'000, .both_ways = true}, {.loss = 1}) > 0); });
  with_server([] {
    CHECK(transfer({.connections = 10, .size = 5'000'000, .both_ways = true}, {.duplicate = 10, .reorder = 5}) > 0);
  });
}

TEST("either side resets a handed-over connection") {
  with_server([] { CHECK(transfer({.connections = 12, .size = 4'000'000, .killed = true}, {}) > 4); });
}

TEST("a connection is handed over with IPv6") {
  with_server(
      [] { CHECK_EQ(transfer({.connections = 3, .size = 10'000'000, .both_ways = true, .turns = 10}, {}, true), 3); });
}

}  // namespace
}  // namespace sampan::test
