// SPDX-License-Identifier: Apache-2.0
// One relay between four ends of TCP connections, and what it asks of its owner.
#include "addon/net/splice_relay.h"

#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "addon/net/ip_address.h"
#include "addon/net/pipe_pool.h"
#include "addon/sys/file.h"
#include "addon/test/own_network.h"
#include "addon/test/test.h"

namespace sampan::net {
namespace {

struct Owner final : RelayOwner {
  EventLoop &loop() override { return events; }
  PipePool &pipes() override { return pool; }
  std::span<uint8_t> buffer() override { return bytes; }
  void unfinished(SpliceRelay &) override { ++asked; }
  void finished(SpliceRelay &) override {}
  void ended(SpliceRelay &) override {}

  EventLoop events;
  PipePool pool;
  std::vector<uint8_t> bytes = std::vector<uint8_t>(65536);
  int asked = 0;
};

struct Connection {
  Connection() {
    constexpr uint8_t kLoopback[] = {127, 0, 0, 1};
    SocketAddress here(IpAddress::from_v4(kLoopback), 0);
    const unique_fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK_EQ(::bind(listener.get(), &here.any, here.length), 0);
    CHECK_EQ(::listen(listener.get(), 1), 0);
    CHECK_EQ(::getsockname(listener.get(), &here.any, &here.length), 0);
    one.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK_EQ(::connect(one.get(), &here.any, here.length), 0);
    other.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  }
  unique_fd one;
  unique_fd other;
};

void fill(const unique_fd &socket) {
  const std::string chunk(65536, 'x');
  while (::send(socket.get(), chunk.data(), chunk.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
}

TEST("a relay with much to pass on in both directions asks once to be resumed") {
  test::in_own_network({}, [] {
    for (const char *file : {"/proc/sys/net/ipv4/tcp_rmem", "/proc/sys/net/ipv4/tcp_wmem"})
      CHECK(sys::write_kernel_file(file, "4096 8388608 8388608").ok());
    Owner owner;
    CHECK(owner.events.open().ok());
    Connection client;
    Connection inner;
    fill(client.one);
    fill(inner.one);
    SpliceRelay relay(owner, std::move(client.other), std::move(inner.other));
    CHECK(relay.join(Pipe{}, 0));
    owner.events.turn();
    CHECK_EQ(owner.asked, 1);
    relay.resume();
    CHECK_EQ(owner.asked, 2);
    relay.close();
  });
}

}  // namespace
}  // namespace sampan::net
