// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_description.h"

#include <string>

#include "addon/test/test.h"

namespace sampan {

namespace {

constexpr const char *kWhole =
    "container abc\n"
    "hostname web\n"
    "resolver 10.1.1.1\n"
    "network n1 1500 0\n"
    "called front\n"
    "ipv6names 1\n"
    "gateway 10.88.0.1/16\n"
    "gateway fd00::1/64\n"
    "alias 169.254.1.2\n"
    "open 80-90\n"
    "endpoint eth0 02:42:0a:58:00:02 1\n"
    "address 10.88.0.2/16\n"
    "address fd00::2/64\n"
    "name www\n"
    "network n2 65520 1\n"
    "endpoint eth1 02:42:0a:59:00:02 0\n";

bool refused(const std::string &text) { return !parse_description(text); }

}  // namespace

TEST("a description is read and written again as it was") {
  const auto parsed = parse_description(kWhole);
  CHECK(parsed.ok());
  CHECK(parsed.value().endpoints.size() == 2);
  CHECK(parsed.value().endpoints[0].network.mtu == 1500);
  CHECK(parsed.value().endpoints[0].addresses[1].prefix_length == 64);
  CHECK(parsed.value().endpoints[1].network.internal);
  CHECK(format_description(parsed.value()) == kWhole);
}

TEST("ports that follow each other are one line, as many, and as many of the host") {
  const std::string head = "container abc\nnetwork n 1500 0\nendpoint eth0 02:42:0a:58:00:02 1\n";
  const std::string lines =
      "publish tcp 0.0.0.0,:: 2000-3999 3000-4999\npublish tcp 0.0.0.0 4000-4000 5000\n"
      "publish udp 0.0.0.0 0-0 80-82\npublish udp 0.0.0.0 90-95 90\n";
  const auto parsed = parse_description(head + lines);
  CHECK(parsed.ok());
  const auto &published = parsed.value().endpoints[0].published;
  CHECK_EQ(published.size(), 2005U);
  CHECK_EQ(published[1999].container_port, 4999);
  CHECK_EQ(published[1999].host_ports.first, 3999);
  CHECK_EQ(published[1999].host_ports.last, 3999);
  CHECK(format_description(parsed.value()) == head + lines);
  for (const char *line : {"publish tcp :: 80-81 80-82", "publish tcp :: 80-80 80-79", "publish tcp :: 0-0 0-9",
                           "publish tcp :: 0-0 1-60000", "publish tcp :: 80-80 80-"}) {
    CHECK(refused(head + line + "\n"));
  }
}

TEST("a network without its endpoint is no description") { CHECK(refused("container abc\nnetwork n1 1500 0\n")); }

TEST("lines that mean nothing are refused") {
  for (const char *line :
       {"", "x", "hostname", "hostname a b", "container def", "resolver x", "network n 67 0", "network n 70000 0",
        "network n 1500 2", "network a/b 1500 0", "gateway 10.0.0.1/24", "endpoint eth0 02:42:0a:58:00:02 1",
        "address 10.0.0.1/8", "name x", "open 1-2", "hostname a\"b"}) {
    CHECK(refused("container abc\n" + std::string(line) + "\n"));
  }
}

TEST("values of a network and an endpoint are checked") {
  const std::string network = "container abc\nnetwork n 1500 0\n";
  const std::string endpoint = "endpoint eth0 02:42:0a:58:00:02 1\n";
  CHECK(!refused(network + endpoint));
  for (const char *line :
       {"gateway 10.0.0.1", "gateway 10.0.0.1/33", "gateway x/8", "open 2-1", "open 1", "open 1-65536", "alias 10.0.0",
        "endpoint eth0 02:42:0a:58:00 1", "endpoint a-name-that-is-too-long 02:42:0a:58:00:02 1",
        "endpoint eth0 02:42:0a:58:00:0g 1", "endpoint eth0 02-42-0a-58-00-02 1"}) {
    CHECK(refused(network + line + "\n" + endpoint));
  }
}

}  // namespace sampan
