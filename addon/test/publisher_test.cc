// SPDX-License-Identifier: Apache-2.0
// Published ports, with real sockets. Host and network are one namespace here: what crosses from one to the other is
// tested with containers.
#include "addon/net/publisher.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <vector>

#include "addon/net/pipe_pool.h"
#include "addon/net/tcp_options.h"
#include "addon/sys/netlink.h"
#include "addon/sys/unique_fd.h"
#include "addon/test/own_network.h"
#include "addon/test/shortage.h"
#include "addon/test/test.h"

namespace sampan::net {
namespace {

constexpr const char *kClient = "198.51.100.7";
constexpr const char *kContainer = "10.88.0.5";
constexpr const char *kOtherAddress = "10.88.0.6";
constexpr uint16_t kServerPort = 8000;

IpAddress ip(const char *text) {
  uint8_t bytes[4];
  ::inet_pton(AF_INET, text, bytes);
  return IpAddress::from_v4(bytes);
}

class Alarm final : public Timer {
 public:
  void expired() override { rang = true; }
  bool rang = false;
};

struct SocketsHere final : public InnerSocketSource {
  Status open(int family, int type, std::span<unique_fd> sockets, size_t *opened) override {
    ++journeys;
    return open_inner_sockets(here.get(), family, type, sockets, opened);
  }
  unique_fd here{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
  int journeys = 0;
};

// A publisher of one network, a server in its container, and the loop, turned by hand.
struct World {
  explicit World(uint32_t udp_flows = 4, uint32_t connections = 64) {
    CHECK(loop.open().ok());
    resources = PublisherResources::create(loop).take();
    const IpPrefix own[] = {IpPrefix::v4(ip("10.88.0.0"), 16)};
    publisher = Publisher::create(*resources, inner, own, {.connections = connections, .udp_flows = udp_flows}).take();
  }

  uint16_t publish(bool is_udp, const char *host = "0.0.0.0") {
    auto port = publisher->publish({.is_udp = is_udp,
                                    .host_address = ip(host),
                                    .host_port = 0,
                                    .container = ip(kContainer),
                                    .container_port = kServerPort});
    CHECK(port.ok());
    return port ? port.value() : 0;
  }

  // To a container that listens at another address of its, if at all.
  uint16_t publish_both(bool is_udp) {
    auto port = publisher->publish({.is_udp = is_udp,
                                    .host_address = ip(kClient),
                                    .host_port = 0,
                                    .container = ip(kContainer),
                                    .container_port = kServerPort,
                                    .other_container = ip(kOtherAddress)});
    CHECK(port.ok());
    return port ? port.value() : 0;
  }

  // Turns the loop until the descriptor is ready; false after some seconds.
  bool wait(const unique_fd &fd, short events = POLLIN) {
    for (int i = 0; i < 400; ++i) {
      struct pollfd entry = {.fd = fd.get(), .events = events, .revents = 0};
      if (::poll(&entry, 1, 0) > 0) return true;
      turn();
    }
    return false;
  }
  void turn() {
    Alarm alarm;
    loop.arm(alarm, 10);
    loop.turn();
    loop.disarm(alarm);
  }

  EventLoop loop;
  std::unique_ptr<PublisherResources> resources;
  SocketsHere inner;
  std::unique_ptr<Publisher> publisher;
};

unique_fd bound(int type, const char *address, uint16_t port) {
  unique_fd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const SocketAddress name(ip(address), port);
  CHECK_EQ(::bind(socket.get(), &name.any, name.length), 0);
  return socket;
}

unique_fd server(int type, const char *address = kContainer) {
  unique_fd socket = bound(type, address, kServerPort);
  if (type == SOCK_STREAM) CHECK_EQ(::listen(socket.get(), 16), 0);
  return socket;
}

unique_fd call(int type, const char *from, const char *to, uint16_t port) {
  unique_fd socket = bound(type, from, 0);
  const SocketAddress name(ip(to), port);
  CHECK_EQ(::connect(socket.get(), &name.any, name.length), 0);
  return socket;
}

std::string peer_of(const unique_fd &socket) {
  SocketAddress name;
  name.length = sizeof name.v6;
  CHECK_EQ(::getpeername(socket.get(), &name.any, &name.length), 0);
  char text[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, &name.v4.sin_addr, text, sizeof text);
  return text;
}

std::string receive(const unique_fd &socket) {
  char buffer[65536];
  const ssize_t size = ::recv(socket.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  return size < 0 ? "<error>" : std::string(buffer, static_cast<size_t>(size));
}

void send_text(const unique_fd &socket, std::string_view text) {
  CHECK_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL), text.size());
}

// A client and the server's end of its connection.
struct Pair {
  unique_fd client;
  unique_fd server;
};
Pair connect_through(World &world, const unique_fd &listener, uint16_t port, const char *from, const char *to) {
  Pair pair{call(SOCK_STREAM, from, to, port), {}};
  CHECK(world.wait(listener));
  pair.server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  CHECK(static_cast<bool>(pair.server));
  return pair;
}

TEST("a published TCP port passes bytes and ends both ways, and the server sees its client's address") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd listener = server(SOCK_STREAM);
    const Pair pair = connect_through(world, listener, world.publish(false), kClient, kClient);
    CHECK_EQ(peer_of(pair.server), kClient);
    send_text(pair.client, "question");
    ::shutdown(pair.client.get(), SHUT_WR);
    CHECK(world.wait(pair.server));
    CHECK_EQ(receive(pair.server), "question");
    CHECK(world.wait(pair.server));
    CHECK_EQ(receive(pair.server), "");
    send_text(pair.server, "answer");
    CHECK(world.wait(pair.client));
    CHECK_EQ(receive(pair.client), "answer");
    CHECK_EQ(world.publisher->counters().connections, 1);
    ::shutdown(pair.server.get(), SHUT_WR);
    CHECK(world.wait(pair.client));
    CHECK_EQ(receive(pair.client), "");
    world.turn();
    CHECK_EQ(world.publisher->counters().connections, 0);
    CHECK_EQ(world.publisher->counters().anonymous, 0);
  });
}

TEST("an end that waits behind the last data is passed on with it") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd listener = server(SOCK_STREAM);
    const Pair pair = connect_through(world, listener, world.publish(false), kClient, kClient);
    ::shutdown(pair.client.get(), SHUT_WR);
    CHECK(world.wait(pair.server));
    CHECK_EQ(receive(pair.server), "");
    // Nobody turns the loop in between: the relay hears of both at once, and of neither again.
    send_text(pair.server, "answer");
    ::shutdown(pair.server.get(), SHUT_WR);
    CHECK(world.wait(pair.client));
    CHECK_EQ(receive(pair.client), "answer");
    CHECK(world.wait(pair.client));
    CHECK_EQ(receive(pair.client), "");
  });
}

TEST("a connection that has ended is closed although others keep the loop busy") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd listener = server(SOCK_STREAM);
    const uint16_t port = world.publish(false);
    const Pair busy = connect_through(world, listener, port, kClient, kClient);
    const Pair over = connect_through(world, listener, port, kClient, kClient);
    ::shutdown(over.client.get(), SHUT_WR);
    ::shutdown(over.server.get(), SHUT_WR);
    for (int i = 0; i < 40 && world.publisher->counters().connections == 2; ++i) {
      send_text(busy.client, "more");
      world.turn();
    }
    CHECK_EQ(world.publisher->counters().connections, 1);
    CHECK(world.wait(busy.server));
  });
}

// Everything that is sent, as it arrives at the other end.
class Flow {
 public:
  Flow(World &world, const unique_fd &from, const unique_fd &to) : world_(world), from_(from), to_(to) {}

  void send(std::string_view data, int flags = 0) {
    for (int waits = 0; !data.empty() && waits < 200;) {
      const ssize_t size = ::send(from_.get(), data.data(), data.size(), flags | MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size > 0) {
        data.remove_prefix(static_cast<size_t>(size));
      } else {
        ++waits;
        take();
      }
    }
  }
  size_t wait_for(size_t size) {
    for (int waits = 0; taken_ < size && waits < 200; ++waits) take();
    return taken_;
  }

 private:
  void take() {
    world_.turn();
    char buffer[65536];
    for (ssize_t size; (size = ::recv(to_.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0;)
      taken_ += static_cast<size_t>(size);
  }

  World &world_;
  const unique_fd &from_;
  const unique_fd &to_;
  size_t taken_ = 0;
};

TEST("urgent data arrives in band, also in the middle of much else, in both directions") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd listener = server(SOCK_STREAM);
    const Pair pair = connect_through(world, listener, world.publish(false), kClient, kClient);
    const std::string much(200'000, 'm');
    for (const bool inward : {true, false}) {
      Flow flow(world, inward ? pair.client : pair.server, inward ? pair.server : pair.client);
      flow.send(much);
      flow.send("!", MSG_OOB);
      flow.send(much);
      CHECK_EQ(flow.wait_for(2 * much.size() + 1), 2 * much.size() + 1);
    }
  });
}

TEST("clients of the host's loopback come from another address") {
  test::in_own_network({kContainer}, [] {
    World world;
    const unique_fd listener = server(SOCK_STREAM);
    const Pair pair = connect_through(world, listener, world.publish(false, "127.0.0.1"), "127.0.0.1", "127.0.0.1");
    CHECK(peer_of(pair.server) != "127.0.0.1");
    CHECK_EQ(world.publisher->counters().anonymous, 1);
  });
}

TEST("a reset on one side is a reset on the other") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd listener = server(SOCK_STREAM);
    const uint16_t port = world.publish(false);
    for (const bool client_resets : {true, false}) {
      Pair pair = connect_through(world, listener, port, kClient, kClient);
      world.turn();
      unique_fd &from = client_resets ? pair.client : pair.server;
      const unique_fd &to = client_resets ? pair.server : pair.client;
      reset_on_close(from.get());
      from.reset();
      CHECK(world.wait(to));
      char byte;
      CHECK(::recv(to.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET);
    }
    CHECK_EQ(world.publisher->counters().connections, 0);
  });
}

TEST("a client of a container that does not listen is reset") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd client = call(SOCK_STREAM, kClient, kClient, world.publish(false));
    CHECK(world.wait(client));
    char byte;
    CHECK(::recv(client.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET);
  });
}

TEST("a container that refuses at one address is asked at its other one, TCP and UDP") {
  test::in_own_network({kClient, kContainer, kOtherAddress}, [] {
    World world;
    const unique_fd listener = server(SOCK_STREAM, kOtherAddress);
    const Pair pair = connect_through(world, listener, world.publish_both(false), kClient, kClient);
    send_text(pair.client, "question");
    CHECK(world.wait(pair.server));
    CHECK_EQ(receive(pair.server), "question");

    const unique_fd datagrams = server(SOCK_DGRAM, kOtherAddress);
    const unique_fd asking = call(SOCK_DGRAM, kClient, kClient, world.publish_both(true));
    send_text(asking, "once");
    CHECK(world.wait(datagrams));
    CHECK_EQ(receive(datagrams), "once");
  });
}

TEST("a container that takes a connection and resets it is not asked at its other address") {
  test::in_own_network({kClient, kContainer, kOtherAddress}, [] {
    World world;
    const unique_fd first = server(SOCK_STREAM);
    const unique_fd second = server(SOCK_STREAM, kOtherAddress);
    const unique_fd client = call(SOCK_STREAM, kClient, kClient, world.publish_both(false));
    // Reset before it is known here that the connection stands.
    CHECK(world.wait(first));
    unique_fd accepted(::accept4(first.get(), nullptr, nullptr, SOCK_CLOEXEC));
    reset_on_close(accepted.get());
    accepted.reset();
    CHECK(world.wait(client));
    char byte;
    CHECK(::recv(client.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET);
    struct pollfd entry = {.fd = second.get(), .events = POLLIN, .revents = 0};
    CHECK_EQ(::poll(&entry, 1, 0), 0);
  });
}

TEST("a published port that cannot be watched again after a pause is tried again") {
  test::in_own_network({kClient, kContainer}, [] {
    const unique_fd listener = server(SOCK_STREAM);
    {
      // UBSan takes a descriptor the first time that it sees an object of a type.
      World first;
      const Pair pair = connect_through(first, listener, first.publish(false), kClient, kClient);
    }
    World world;
    const unique_fd client = call(SOCK_STREAM, kClient, kClient, world.publish(false));
    {
      const test::NoDescriptors none;
      world.turn();
    }
    test::let_no_more_be_watched();
    Alarm alarm;
    world.loop.arm(alarm, 2000);
    // Nothing else makes the loop turn.
    const uint64_t before = world.loop.turn_number();
    while (!alarm.rang) world.loop.turn();
    CHECK(world.loop.turn_number() - before > 7);
  });
}

TEST("a client of a container that refuses at both of its addresses is reset") {
  test::in_own_network({kClient, kContainer, kOtherAddress}, [] {
    World world;
    const unique_fd client = call(SOCK_STREAM, kClient, kClient, world.publish_both(false));
    CHECK(world.wait(client));
    char byte;
    CHECK(::recv(client.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET);
    world.turn();
    CHECK_EQ(world.publisher->counters().connections, 0);
  });
}

TEST("a fast sender is held back by a slow reader, and nothing is lost") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd listener = server(SOCK_STREAM);
    const Pair pair = connect_through(world, listener, world.publish(false), kClient, kClient);
    constexpr size_t kTotal = size_t{48} << 20;
    const std::string block(65536, 'x');
    size_t sent = 0;
    size_t received = 0;
    for (int turns = 0; received < kTotal && turns < 20000; ++turns) {
      while (sent < kTotal) {
        const ssize_t size =
            ::send(pair.client.get(), block.data(), std::min(block.size(), kTotal - sent), MSG_DONTWAIT);
        if (size <= 0) break;
        sent += static_cast<size_t>(size);
      }
      world.turn();
      if (turns > 50 && world.wait(pair.server)) received += receive(pair.server).size();
    }
    CHECK_EQ(received, kTotal);
  });
}

// pipe(7), pipe-user-pages-soft: from then on the user's pipes are smaller than a message.
std::vector<unique_fd> use_up_large_pipes() {
  std::vector<unique_fd> held;
  for (int i = 0; i < 1000; ++i) {
    int ends[2];
    CHECK_EQ(::pipe2(ends, O_CLOEXEC), 0);
    for (const int end : ends) held.emplace_back(end);
    if (::fcntl(ends[0], F_GETPIPE_SZ) < 16384) return held;
    (void)::fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
  }
  test::fail(__FILE__, __LINE__, "the pipes of the user stay large");
  return held;
}

TEST("messages are passed on whole where only small pipes are left for what waits") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const std::vector<unique_fd> held = use_up_large_pipes();
    const unique_fd listener = server(SOCK_STREAM);
    const Pair pair = connect_through(world, listener, world.publish(false), kClient, kClient);
    std::string sent;
    std::string received;
    for (int i = 0; i < 4000; ++i) {
      const std::string message(15'000 + static_cast<size_t>(i) % 1000, static_cast<char>('a' + i % 26));
      const ssize_t size = ::send(pair.server.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size <= 0) break;
      sent += message.substr(0, static_cast<size_t>(size));
      world.turn();
    }
    while (received.size() < sent.size() && world.wait(pair.client)) {
      const std::string part = receive(pair.client);
      if (part.empty() || part == "<error>") break;
      received += part;
    }
    CHECK_EQ(received.size(), sent.size());
    CHECK(received == sent);
  });
}

TEST("pipes are large again soon after others have given theirs back") {
  test::in_own_network({kClient}, [] {
    PipePool pool;
    std::vector<unique_fd> held = use_up_large_pipes();
    CHECK(!pool.has_large());
    auto small = pool.take();
    CHECK(small.ok() && !small.value().is_large);
    pool.give(small.take());
    held.clear();
    int asked = 0;
    while (!pool.has_large() && asked < 100) ++asked;
    CHECK(asked > 10 && asked < 100);
    CHECK(pool.take().value().is_large);
  });
}

TEST("much data is carried whole where only small pipes are left") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const std::vector<unique_fd> held = use_up_large_pipes();
    const unique_fd listener = server(SOCK_STREAM);
    const Pair pair = connect_through(world, listener, world.publish(false), kClient, kClient);
    std::string sent(8'000'000, '\0');
    for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 + i / 251);
    std::string received;
    size_t gone = 0;
    for (int turns = 0; received.size() < sent.size() && turns < 20'000; ++turns) {
      const ssize_t size =
          ::send(pair.server.get(), sent.data() + gone, sent.size() - gone, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size > 0) gone += static_cast<size_t>(size);
      world.turn();
      // The client reads late, so that data is stuck on the way.
      if (turns % 50 < 40) continue;
      const std::string part = receive(pair.client);
      if (part != "<error>") received += part;
    }
    CHECK(received == sent);
  });
}

TEST("a withdrawn port takes its connections along and is free again") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd listener = server(SOCK_STREAM);
    const uint16_t port = world.publish(false);
    const Pair pair = connect_through(world, listener, port, kClient, kClient);
    world.turn();
    world.publisher->withdraw_all(ip(kContainer));
    CHECK(world.wait(pair.client));
    CHECK_EQ(world.publisher->counters().connections, 0);
    world.turn();
    const PublishedPort again{.is_udp = false,
                              .host_address = ip("0.0.0.0"),
                              .host_port = port,
                              .container = ip(kContainer),
                              .container_port = kServerPort};
    CHECK(world.publisher->publish(again).ok());
    const auto taken = world.publisher->publish(again);
    CHECK_EQ(taken.error().number, EADDRINUSE);
    CHECK_EQ(taken.error().subject, "0.0.0.0:" + std::to_string(port) + "/tcp");
  });
}

TEST("a published UDP port answers each client from the address it called") {
  test::in_own_network({kClient, kContainer, "198.51.100.8"}, [] {
    World world;
    const unique_fd service = server(SOCK_DGRAM);
    const uint16_t port = world.publish(true);
    for (const char *called : {kClient, "198.51.100.8"}) {
      // Connected: what comes from another address is not received.
      const unique_fd client = call(SOCK_DGRAM, kClient, called, port);
      send_text(client, "question");
      CHECK(world.wait(service));
      char buffer[64];
      SocketAddress from;
      from.length = sizeof from.v6;
      CHECK_EQ(::recvfrom(service.get(), buffer, sizeof buffer, 0, &from.any, &from.length), 8);
      CHECK(from.address() == ip(kClient));
      CHECK_EQ(::sendto(service.get(), "answer", 6, 0, &from.any, from.length), 6);
      CHECK(world.wait(client));
      CHECK_EQ(receive(client), "answer");
    }
    CHECK_EQ(world.publisher->counters().udp_flows, 2);
    world.publisher->withdraw_all(ip(kContainer));
    CHECK_EQ(world.publisher->counters().udp_flows, 0);
  });
}

// The server has the question and answers to wherever it came from.
void answer(World &world, const unique_fd &service, std::string_view text) {
  CHECK(world.wait(service));
  char buffer[64];
  SocketAddress from;
  from.length = sizeof from.v6;
  CHECK(::recvfrom(service.get(), buffer, sizeof buffer, MSG_DONTWAIT, &from.any, &from.length) > 0);
  CHECK_EQ(::sendto(service.get(), text.data(), text.size(), 0, &from.any, from.length), text.size());
}

void choose_ports_from(std::string_view range) {
  const unique_fd file(::open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC));
  CHECK_EQ(::write(file.get(), range.data(), range.size()), range.size());
}

TEST("a UDP client that calls everybody is answered") {
  test::in_own_network({kContainer}, [] {
    World world;
    const unique_fd service = server(SOCK_DGRAM);
    const unique_fd client = bound(SOCK_DGRAM, "127.0.0.1", 0);
    const int on = 1;
    CHECK_EQ(::setsockopt(client.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on), 0);
    const SocketAddress everybody(ip("127.255.255.255"), world.publish(true));
    CHECK_EQ(::sendto(client.get(), "question", 8, 0, &everybody.any, everybody.length), 8);
    answer(world, service, "answer");
    CHECK(world.wait(client));
    CHECK_EQ(receive(client), "answer");
  });
}

TEST("a UDP client whose address is of one link is answered there") {
  test::in_own_network({kContainer}, [] {
    sys::InterfaceAddress local{.family = AF_INET6, .prefix_length = 64};
    ::inet_pton(AF_INET6, "fe80::7", local.bytes);
    const auto lo = sys::interface_index("lo");
    auto netlink = sys::Netlink::open();
    sys::NetlinkBatch batch;
    batch.add_address(lo.value(), local);
    CHECK(netlink.value().run(batch).ok());
    World world;
    const unique_fd service = server(SOCK_DGRAM);
    const auto port = world.publisher->publish({.is_udp = true,
                                                .host_address = {},
                                                .host_port = 0,
                                                .container = ip(kContainer),
                                                .container_port = kServerPort});
    CHECK(port.ok());
    SocketAddress name(IpAddress::from_v6(local.bytes), port.value());
    name.v6.sin6_scope_id = static_cast<uint32_t>(lo.value());
    const unique_fd client(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress here(IpAddress::from_v6(local.bytes), 0, name.link());
    // The kernel makes an address and its route usable a moment after it was added.
    bool is_bound = false;
    bool has_come = false;
    for (int i = 0; i < 400 && !has_come; ++i) {
      is_bound = is_bound || ::bind(client.get(), &here.any, here.length) == 0;
      if (is_bound) (void)::sendto(client.get(), "question", 8, 0, &name.any, name.length);
      world.turn();
      struct pollfd entry = {.fd = service.get(), .events = POLLIN, .revents = 0};
      has_come = ::poll(&entry, 1, 0) > 0;
    }
    answer(world, service, "answer");
    CHECK(world.wait(client));
    CHECK_EQ(receive(client), "answer");
  });
}

TEST("UDP clients of the host's loopback all get their own answers") {
  test::in_own_network({kContainer}, [] {
    constexpr size_t kClients = 60;
    choose_ports_from("40000 40199");
    World world(kClients);
    const unique_fd service = server(SOCK_DGRAM);
    const uint16_t port = world.publish(true);
    unique_fd clients[kClients];
    for (uint16_t i = 0; i < kClients; ++i) {
      clients[i] = bound(SOCK_DGRAM, "127.0.0.1", static_cast<uint16_t>(20000 + i));
      const SocketAddress name(ip("127.0.0.1"), port);
      CHECK_EQ(::connect(clients[i].get(), &name.any, name.length), 0);
    }
    size_t answered = 0;
    for (int round = 0; round < 2; ++round) {
      for (size_t i = 0; i < kClients; ++i) {
        const std::string text = std::to_string(i);
        send_text(clients[i], text);
        answer(world, service, text);
        world.turn();
        answered += receive(clients[i]) == text ? 1 : 0;
      }
    }
    CHECK_EQ(answered, 2 * kClients);
  });
}

TEST("a UDP client that calls one container at two ports is answered from each") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd service = server(SOCK_DGRAM);
    const unique_fd client = bound(SOCK_DGRAM, kClient, 0);
    const SocketAddress called[] = {{ip(kClient), world.publish(true)}, {ip(kClient), world.publish(true)}};
    for (int round = 0; round < 2; ++round) {
      for (const SocketAddress &name : called) {
        CHECK_EQ(::sendto(client.get(), "question", 8, 0, &name.any, name.length), 8);
        answer(world, service, "answer");
        CHECK(world.wait(client));
        char buffer[64];
        SocketAddress from;
        from.length = sizeof from.v6;
        CHECK_EQ(::recvfrom(client.get(), buffer, sizeof buffer, 0, &from.any, &from.length), 6);
        CHECK_EQ(from.port(), name.port());
      }
    }
    CHECK_EQ(world.publisher->counters().anonymous, 1);
  });
}

TEST("datagrams of a published port stay what they were, in their order, when they travel together") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd service = server(SOCK_DGRAM);
    const unique_fd client = call(SOCK_DGRAM, kClient, kClient, world.publish(true));
    const size_t sizes[] = {1400, 1400, 1400, 300, 0, 20000, 9, 9, 8, 1400, 65507, 65507, 1};
    for (int round = 0; round < 5; ++round) {
      for (const size_t size : sizes) send_text(client, std::string(size, static_cast<char>('a' + size % 26)));
      for (const size_t size : sizes) {
        CHECK(world.wait(service));
        CHECK(receive(service) == std::string(size, static_cast<char>('a' + size % 26)));
      }
    }
  });
}

TEST("UDP clients beyond the limit are dropped and counted, the largest datagram passes") {
  test::in_own_network({kClient, kContainer}, [] {
    World world;
    const unique_fd service = server(SOCK_DGRAM);
    const uint16_t port = world.publish(true);
    unique_fd clients[4];
    for (unique_fd &client : clients) {
      client = call(SOCK_DGRAM, kClient, kClient, port);
      send_text(client, std::string(65507, 'x'));
      CHECK(world.wait(service));
      CHECK_EQ(receive(service).size(), 65507);
    }
    send_text(call(SOCK_DGRAM, kClient, kClient, port), "one too many");
    world.turn();
    CHECK_EQ(receive(service), "<error>");
    CHECK_EQ(world.publisher->counters().dropped, 1);
  });
}

TEST("clients beyond the limits cost no sockets of the network, TCP and UDP") {
  test::in_own_network({kClient, kContainer}, [] {
    constexpr int kTooMany = 40;
    World world(1, 1);
    const unique_fd service = server(SOCK_DGRAM);
    const uint16_t port = world.publish(true);
    const unique_fd first = call(SOCK_DGRAM, kClient, kClient, port);
    send_text(first, "first");
    CHECK(world.wait(service));
    const unique_fd listener = server(SOCK_STREAM);
    const uint16_t stream_port = world.publish(false);
    const Pair pair = connect_through(world, listener, stream_port, kClient, kClient);
    const int journeys = world.inner.journeys;
    for (int i = 0; i < kTooMany; ++i) {
      send_text(call(SOCK_DGRAM, kClient, kClient, port), "one too many");
      const unique_fd refused = call(SOCK_STREAM, kClient, kClient, stream_port);
      CHECK(world.wait(refused));
    }
    world.turn();
    CHECK_EQ(world.publisher->counters().dropped, kTooMany);
    CHECK_EQ(world.publisher->counters().failed, kTooMany);
    CHECK_EQ(world.inner.journeys, journeys);
  });
}

}  // namespace
}  // namespace sampan::net
