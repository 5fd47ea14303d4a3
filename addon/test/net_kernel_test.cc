// SPDX-License-Identifier: Apache-2.0
// The stack between two real kernels' TCP: programs in a namespace behind a tun, servers in another, and a bad link in
// between. Every byte is compared.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "addon/net/tun.h"
#include "addon/sys/file.h"
#include "addon/sys/netlink.h"
#include "addon/sys/socket.h"
#include "addon/test/container_peer.h"
#include "addon/test/impaired_link.h"
#include "addon/test/namespace_root.h"
#include "addon/test/pattern_traffic.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

constexpr uint16_t kPort = 7000;

bool set_up_tun() {
  const auto index = sys::interface_index("tun0");
  auto netlink = sys::Netlink::open();
  if (!index || !netlink) return false;
  sys::NetlinkBatch batch;
  sys::InterfaceAddress address = {};
  address.family = AF_INET;
  std::memcpy(address.bytes, ip("10.88.0.2").v4(), 4);
  address.prefix_length = 16;
  batch.set_up(index.value(), 1500, net::kTunQueueLength);
  batch.add_address(index.value(), address);
  batch.add_default_route(index.value(), AF_INET, nullptr);
  return netlink.value().run(batch).ok();
}

[[noreturn]] void run_container(const Load &load, int socket) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!become_namespace_root(CLONE_NEWNET)) ::_exit(10);
  auto tun = net::open_tun("tun0");
  if (!tun || !set_up_tun()) ::_exit(11);
  const std::byte byte{};
  const std::span<const std::byte> part(&byte, 1);
  if (!sys::send_message(socket, {&part, 1}, tun.value().fd.get())) ::_exit(12);
  tun.value().fd.reset();
  for (unsigned number = 0; number < load.connections; ++number)
    if (::fork() == 0) ::_exit(run_traffic_client(load, {ip(kServerAddress), kPort}, number));
  int wrong = 0;
  for (int status = 0; ::wait(&status) > 0;)
    if (!WIFEXITED(status) || WEXITSTATUS(status) != kTrafficDone) ++wrong;
  ::_exit(wrong == 0 ? kTrafficDone : kTrafficWrong);
}

bool is_over(pid_t pid, int &status) { return ::waitpid(pid, &status, WNOHANG) == pid; }

void transfer(const Load &load, const Impairment &impairment) {
  const unique_fd device(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!device) {
    std::fprintf(stderr, "not tried: /dev/net/tun cannot be opened\n");
    return;
  }
  // Blocking: the server's processes wait.
  const net::SocketAddress here(ip(kServerAddress), kPort);
  const unique_fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK_EQ(::bind(listener.get(), &here.any, here.length), 0);
  CHECK_EQ(::listen(listener.get(), 256), 0);
  const pid_t server = ::fork();
  if (server == 0) run_traffic_server(load, listener.get());
  auto pair = sys::seqpacket_pair();
  const pid_t container = ::fork();
  if (container == 0) run_container(load, pair.value().second.get());
  pair.value().second.reset();
  std::byte byte{};
  auto message = sys::receive_message(pair.value().first.get(), {&byte, 1});
  CHECK(message.ok() && message.value().fd);
  if (!message || !message.value().fd) {
    ::kill(server, SIGKILL);
    return;
  }
  World world(BadTun{std::move(message.value().fd), impairment});
  int status = -1;
  constexpr int kPatienceMs = 60'000;
  int waited = 0;
  for (; !is_over(container, status) && waited < kPatienceMs; waited += 5) world.turn_for(5);
  CHECK(waited < kPatienceMs);
  CHECK(WIFEXITED(status));
  CHECK_EQ(WEXITSTATUS(status), kTrafficDone);
  // TIME_WAIT of ours. When the link lost the last acknowledgement, nobody is there to repeat it, and our FIN is
  // repeated until that is given up, after 100 s.
  for (int i = 0; i < 24'000 && world.stack->counters().tcp_connections != 0; ++i) world.turn_for(5);
  CHECK_EQ(world.stack->counters().tcp_connections, 0);
  ::kill(container, SIGKILL);
  ::kill(server, SIGKILL);
}

TEST("a hundred parallel connections carry every byte both ways") {
  with_server([] { transfer({.connections = 100, .size = 100'000}, {}); });
}

TEST("a large transfer carries every byte both ways") {
  with_server([] { transfer({.connections = 2, .size = 20'000'000}, {}); });
}

TEST("every byte arrives over a link that loses 1, 5 and 20 percent") {
  with_server([] { transfer({.connections = 20, .size = 300'000}, {.loss = 1}); });
  with_server([] { transfer({.connections = 10, .size = 100'000}, {.loss = 5}); });
  with_server([] { transfer({.connections = 5, .size = 20'000}, {.loss = 20}); });
}

TEST("every byte arrives over a link that duplicates, delays and reorders") {
  with_server([] { transfer({.connections = 10, .size = 300'000}, {.duplicate = 20}); });
  with_server([] { transfer({.connections = 10, .size = 300'000}, {.reorder = 20}); });
  with_server([] { transfer({.connections = 10, .size = 100'000}, {.loss = 3, .duplicate = 5, .reorder = 10}); });
}

TEST("connections that either side kills in the middle leave the others alone and nothing behind") {
  with_server([] { transfer({.connections = 60, .size = 200'000, .killed = true}, {}); });
  // Not over a link that loses: nobody repeats a reset, and who only waits never hears of it.
}

}  // namespace
}  // namespace sampan::test
