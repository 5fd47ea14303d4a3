// SPDX-License-Identifier: Apache-2.0
// A DNS server between containers, played by sockets on addresses of their own, and a resolver that never answers: what
// one container that asks too much takes away from others.
#include "addon/net/dns_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "addon/net/dns_budget.h"
#include "addon/net/tcp_options.h"
#include "addon/test/own_network.h"
#include "addon/test/shortage.h"
#include "addon/test/test.h"

namespace sampan::net {

namespace {

IpAddress address_of(const char *text) {
  uint8_t bytes[4] = {};
  ::inet_pton(AF_INET, text, bytes);
  return IpAddress::from_v4(bytes);
}

const char *const kGateway = "10.7.0.1";
const char *const kResolver = "10.7.1.1";
const char *const kNextResolver = "10.7.1.2";

class Zone final : public DnsZone {
 public:
  bool find_name(const IpAddress &, std::string_view, std::vector<IpAddress> &found) override {
    found = all;
    return !all.empty();
  }
  std::string find_address(const IpAddress &, const IpAddress &) override { return ""; }
  const std::vector<IpAddress> &resolvers(const IpAddress &) override { return resolvers_; }
  bool owns(const IpAddress &, const IpAddress &) override { return false; }

  std::vector<IpAddress> all;  // whatever is asked for

 private:
  std::vector<IpAddress> resolvers_ = {address_of(kResolver), address_of(kNextResolver)};
};

unique_fd socket_at(const char *address, uint16_t port) {
  const SocketAddress local(address_of(address), port);
  unique_fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int room = 1 << 20;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  CHECK(::bind(fd.get(), &local.any, local.length) == 0);
  return fd;
}

// A resolver's end of TCP; nobody answers there either.
unique_fd listener_at(const char *address) {
  const SocketAddress local(address_of(address), kDnsPort);
  unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  CHECK(::bind(fd.get(), &local.any, local.length) == 0);
  CHECK(::listen(fd.get(), SOMAXCONN) == 0);
  return fd;
}

unique_fd connection_to_gateway() {
  const SocketAddress gateway(address_of(kGateway), kDnsPort);
  unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(::connect(fd.get(), &gateway.any, gateway.length) == 0);
  return fd;
}

void ask_by_tcp(const unique_fd &client) {
  const uint8_t query[] = {0, 19, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'x', 0, 0, 1, 0, 1};
  CHECK(::send(client.get(), query, sizeof query, 0) == sizeof query);
}

// A loop that comes back although nothing happens.
struct Alarm final : public Timer {
  void expired() override { rang = true; }
  bool rang = false;
};

struct Scene {
  Scene() {
    CHECK(loop.open().ok());
    server = DnsServer::create(loop, zone, open_dns_sockets(address_of(kGateway)).take()).take();
  }

  void ask(const unique_fd &client) {
    const uint8_t query[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'x', 0, 0, 1, 0, 1};
    const SocketAddress gateway(address_of(kGateway), kDnsPort);
    CHECK(::sendto(client.get(), query, sizeof query, 0, &gateway.any, gateway.length) > 0);
  }
  void ask_often(const unique_fd &client, int count) {
    for (int i = 0; i < count; ++i) {
      ask(client);
      if (i % 8 == 7) serve();
    }
    // loopback's queue may be somebody else's work on a busy machine
    serve(20);
  }
  // Until nothing more comes.
  void serve(uint64_t patience_ms = 2) {
    Alarm alarm;
    // The loop's clock stands between turns.
    loop.arm(alarm, 0);
    loop.turn();
    alarm.rang = false;
    loop.arm(alarm, patience_ms);
    while (!alarm.rang) loop.turn();
  }
  // Connections that reach a resolver.
  static int accepted(const unique_fd &listener) {
    int count = 0;
    while (unique_fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))) ++count;
    return count;
  }
  static int drain(const unique_fd &socket) {
    int count = 0;
    for (uint8_t buffer[512]; ::recv(socket.get(), buffer, sizeof buffer, 0) > 0;) ++count;
    return count;
  }

  Zone zone;
  EventLoop loop;
  std::unique_ptr<DnsServer> server;
  unique_fd resolver = socket_at(kResolver, kDnsPort);
};

constexpr int kOfOne = 128;

}  // namespace

TEST("of one container's questions so many are under way, the others fail at once, and another's are asked") {
  test::in_own_network({kGateway, kResolver, "10.7.0.2", "10.7.0.3"}, [] {
    Scene scene;
    const unique_fd flooder = socket_at("10.7.0.2", 0);
    const unique_fd other = socket_at("10.7.0.3", 0);
    scene.ask_often(flooder, 400);
    CHECK_EQ(Scene::drain(scene.resolver), kOfOne);
    CHECK_EQ(Scene::drain(flooder), 400 - kOfOne);
    scene.ask_often(other, 5);
    CHECK_EQ(Scene::drain(scene.resolver), 5);
    CHECK_EQ(Scene::drain(other), 0);
  });
}

TEST("when all places are taken, whoever has most loses one to whoever has none") {
  test::in_own_network({kGateway, kResolver, "10.7.0.2", "10.7.0.3", "10.7.0.4", "10.7.0.5", "10.7.0.6"}, [] {
    Scene scene;
    std::vector<unique_fd> flooders;
    for (const char *address : {"10.7.0.2", "10.7.0.3", "10.7.0.4", "10.7.0.5"}) {
      scene.ask_often(flooders.emplace_back(socket_at(address, 0)), kOfOne);
    }
    CHECK_EQ(Scene::drain(scene.resolver), 4 * kOfOne);
    const unique_fd other = socket_at("10.7.0.6", 0);
    scene.ask_often(other, 3);
    CHECK_EQ(Scene::drain(scene.resolver), 3);
    CHECK_EQ(Scene::drain(other), 0);
    int lost = 0;
    for (const unique_fd &flooder : flooders) lost += Scene::drain(flooder);
    CHECK_EQ(lost, 3);
  });
}

TEST("a container that fills a queue takes no place from another, and its budget ends") {
  test::in_own_network({kGateway, kResolver, "10.7.0.2", "10.7.0.3"}, [] {
    Scene scene;
    const unique_fd flooder = socket_at("10.7.0.2", 0);
    const unique_fd other = socket_at("10.7.0.3", 0);
    for (unsigned i = 0; i < 20 * DnsBudget::kBurst; ++i) scene.ask(flooder);
    scene.ask(other);
    scene.serve(200);
    CHECK(Scene::drain(scene.resolver) <= kOfOne + 1);
    for (int i = 0; i < 4; ++i) scene.ask(other);
    scene.serve(20);
    CHECK_EQ(Scene::drain(scene.resolver), 4);
    CHECK_EQ(Scene::drain(other), 0);
    CHECK(Scene::drain(flooder) < 1000);
  });
}

TEST("a budget is spent by one source alone, and grows again") {
  DnsBudget budget({1, 2});
  const IpAddress one = address_of("10.7.0.2");
  const IpAddress other = address_of("10.7.0.3");
  unsigned granted = 0;
  for (unsigned i = 0; i < 3 * DnsBudget::kBurst; ++i) granted += budget.take(one, 1000) ? 1 : 0;
  CHECK_EQ(granted, DnsBudget::kBurst);
  CHECK(budget.take(other, 1000));
  granted = 0;
  for (unsigned i = 0; i < 100; ++i) granted += budget.take(one, 1003) ? 1 : 0;
  CHECK_EQ(granted, 3 * DnsBudget::kPerMs);
}

TEST("who resets his connection while a resolver is asked is forgotten, and the resolver is asked once") {
  test::in_own_network({kGateway, kResolver}, [] {
    Scene scene;
    const unique_fd resolver = listener_at(kResolver);
    unique_fd client = connection_to_gateway();
    ask_by_tcp(client);
    scene.serve();
    reset_on_close(client.get());
    client.reset();
    const uint64_t before = scene.loop.turn_number();
    scene.serve(20);
    CHECK(scene.loop.turn_number() - before < 20);
    CHECK_EQ(Scene::accepted(resolver), 1);
  });
}

TEST("a resolver that says nothing over TCP is not the last one that is asked") {
  test::in_own_network({kGateway, kResolver, kNextResolver}, [] {
    Scene scene;
    const unique_fd silent = listener_at(kResolver);
    const unique_fd next = listener_at(kNextResolver);
    const unique_fd client = connection_to_gateway();
    ask_by_tcp(client);
    int accepted = 0;
    for (int i = 0; i < 100 && accepted == 0; ++i) {
      scene.serve(100);
      accepted = Scene::accepted(next);
    }
    CHECK_EQ(accepted, 1);
    CHECK_EQ(Scene::accepted(silent), 1);
  });
}

TEST("an answer that a datagram does not hold is cut between records, and says so") {
  test::in_own_network({kGateway, "10.7.0.2"}, [] {
    Scene scene;
    scene.zone.all.assign(100, address_of("10.7.0.9"));
    const unique_fd client = socket_at("10.7.0.2", 0);
    const SocketAddress gateway(address_of(kGateway), kDnsPort);
    std::vector<uint8_t> query = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'x', 0, 0, 1, 0, 1};
    const size_t size = query.size();
    // RFC 6891: a datagram of 1,000 bytes may come.
    const uint8_t option[] = {0, 0, 41, 1000 >> 8, 1000 & 0xFF, 0, 0, 0, 0, 0, 0};
    for (const size_t most : {512, 1000}) {
      CHECK(::sendto(client.get(), query.data(), query.size(), 0, &gateway.any, gateway.length) > 0);
      scene.serve();
      uint8_t answer[4096] = {};
      const size_t records = (most - size) / 16;
      CHECK_EQ(::recv(client.get(), answer, sizeof answer, 0), size + 16 * records);
      CHECK_EQ(answer[2] & 0x02, 0x02);
      CHECK_EQ(answer[7], records);
      query[11] = 1;
      query.insert(query.end(), std::begin(option), std::end(option));
    }
  });
}

TEST("who cannot be accepted for want of a descriptor waits, and is not looked for without end") {
  test::in_own_network({kGateway, kResolver}, [] {
    // UBSan takes a descriptor the first time that it sees an object of a type.
    Scene().serve();
    Scene scene;
    const unique_fd resolver = listener_at(kResolver);
    const unique_fd client = connection_to_gateway();
    ask_by_tcp(client);
    {
      const test::NoDescriptors none;
      const uint64_t before = scene.loop.turn_number();
      scene.serve(20);
      CHECK(scene.loop.turn_number() - before < 20);
    }
    scene.serve(500);
    CHECK_EQ(Scene::accepted(resolver), 1);
  });
}

TEST("a listener that cannot be watched again after a pause is tried again") {
  test::in_own_network({kGateway, kResolver}, [] {
    Scene().serve();
    Scene scene;
    const unique_fd client = connection_to_gateway();
    {
      const test::NoDescriptors none;
      scene.serve(20);
    }
    test::let_no_more_be_watched();
    // Nothing else makes the loop turn.
    const uint64_t before = scene.loop.turn_number();
    scene.serve(2000);
    CHECK(scene.loop.turn_number() - before > 7);
  });
}

}  // namespace sampan::net
