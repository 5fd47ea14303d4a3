// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_zone.h"

#include <string>

#include "addon/test/test.h"

namespace sampan {

namespace {

ContainerDescription container_of(const std::string &text) { return parse_description(text).take(); }

// web is on front and back, db and its twin on back, other on neither of web's networks.
class Leases final : public ContainerSource {
 public:
  std::vector<const ContainerDescription *> containers() const override {
    std::vector<const ContainerDescription *> found;
    for (const auto &container : containers_) found.push_back(&container);
    return found;
  }
  const std::vector<net::IpAddress> &host_resolvers() override { return resolvers_; }
  const NetworkDescription &front() const { return containers_[0].endpoints[0].network; }
  const NetworkDescription &off() const { return containers_[3].endpoints[0].network; }
  const NetworkDescription &six() const { return containers_[4].endpoints[0].network; }
  const NetworkDescription &back() const { return containers_[0].endpoints[1].network; }

 private:
  std::vector<ContainerDescription> containers_ = {
      container_of("container 1\nhostname web\nnetwork f 1500 0\ncalled front\ngateway 10.1.0.1/24\n"
                   "endpoint eth0 02:00:00:00:00:01 1\naddress 10.1.0.2/24\nnetwork b 1500 1\ncalled back\n"
                   "gateway 10.2.0.1/24\nendpoint eth1 02:00:00:00:00:02 0\naddress 10.2.0.2/24\n"),
      container_of("container 2\nhostname db\nnetwork b 1500 1\ncalled back\ngateway 10.2.0.1/24\n"
                   "endpoint eth0 02:00:00:00:00:03 0\naddress 10.2.0.3/24\nname store\nname web\n"),
      container_of("container 3\nhostname db2\nnetwork b 1500 1\ncalled back\ngateway 10.2.0.1/24\n"
                   "endpoint eth0 02:00:00:00:00:04 0\naddress 10.2.0.4/24\nname store\n"),
      container_of("container 4\nhostname other\nnetwork o 1500 0\ncalled off\ngateway 10.3.0.1/24\n"
                   "endpoint eth0 02:00:00:00:00:05 1\naddress 10.3.0.2/24\naddress fd00::2/64\n"),
      container_of("container 5\nhostname six\nnetwork s 1500 0\nipv6names 1\ngateway 10.4.0.1/24\n"
                   "endpoint eth0 02:00:00:00:00:06 1\naddress 10.4.0.2/24\naddress fd00::2/64\n"),
  };
  std::vector<net::IpAddress> resolvers_ = {v4(9, 9)};

 public:
  static net::IpAddress v4(uint8_t network, uint8_t last) {
    const uint8_t bytes[] = {10, network, 0, last};
    return net::IpAddress::from_v4(bytes);
  }
};

std::vector<net::IpAddress> ask(NetdZone &zone, const net::IpAddress &client, std::string_view name) {
  std::vector<net::IpAddress> addresses;
  zone.find_name(client, name, addresses);
  return addresses;
}

const net::IpAddress kWeb = Leases::v4(1, 2);
const net::IpAddress kStranger = Leases::v4(1, 77);

}  // namespace

TEST("a container hears the names of all its networks, and of no other") {
  Leases leases;
  NetdZone zone(leases, leases.front());
  CHECK(ask(zone, kWeb, "db") == std::vector{Leases::v4(2, 3)});
  CHECK(ask(zone, kWeb, "DB2.Back") == std::vector{Leases::v4(2, 4)});
  CHECK(ask(zone, kWeb, "db.front").empty());
  CHECK(ask(zone, kWeb, "other").empty() && ask(zone, kWeb, "other.off").empty());
}

TEST("of a name that several networks have, the asker's first one answers alone") {
  Leases leases;
  NetdZone zone(leases, leases.front());
  CHECK(ask(zone, kWeb, "web") == std::vector{Leases::v4(1, 2)});
  CHECK_EQ(ask(zone, kWeb, "web.back").size(), 2U);
}

TEST("names are answered with IPv6 addresses where the network says so") {
  Leases leases;
  NetdZone off(leases, leases.off());
  CHECK_EQ(ask(off, Leases::v4(3, 2), "other").size(), 1U);
  NetdZone six(leases, leases.six());
  CHECK_EQ(ask(six, Leases::v4(4, 2), "six").size(), 2U);
}

TEST("an address that no container has hears the names of the network alone that it asks") {
  Leases leases;
  NetdZone zone(leases, leases.front());
  CHECK(ask(zone, kStranger, "web") == std::vector{Leases::v4(1, 2)});
  CHECK(ask(zone, kStranger, "db").empty());
}

TEST("several containers of one name come in an order that changes") {
  Leases leases;
  NetdZone zone(leases, leases.front());
  bool seen[2] = {};
  for (int round = 0; round < 100; ++round) {
    const auto found = ask(zone, kWeb, "store");
    CHECK_EQ(found.size(), 2U);
    seen[found[0] == Leases::v4(2, 3) ? 0 : 1] = true;
  }
  CHECK(seen[0] && seen[1]);
}

TEST("reverse names are those of the asker's networks") {
  Leases leases;
  NetdZone zone(leases, leases.front());
  CHECK_EQ(zone.find_address(kWeb, Leases::v4(2, 3)), "db");
  CHECK(zone.owns(kWeb, Leases::v4(2, 99)) && !zone.owns(kWeb, Leases::v4(3, 2)));
  CHECK(!zone.owns(kStranger, Leases::v4(2, 3)));
}

TEST("who has a way out by another network has his questions relayed, who has none has not") {
  Leases leases;
  NetdZone back(leases, leases.back());
  CHECK_EQ(back.resolvers(Leases::v4(2, 2)).size(), 1U);
  CHECK(back.resolvers(Leases::v4(2, 3)).empty());
}

}  // namespace sampan
