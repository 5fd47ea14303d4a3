// SPDX-License-Identifier: Apache-2.0
// When datagrams of containers are joined before they reach the tun, and whether the kernel was told so.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "addon/helper/network_setup.h"
#include "addon/net/datagram_rate.h"
#include "addon/sys/ethtool.h"
#include "addon/sys/file.h"
#include "addon/sys/netlink.h"
#include "addon/test/own_network.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

constexpr uint64_t kPeriodMs = 1;
constexpr int kMany = 20'000;

class Recorder final : public net::DatagramJoiner {
 public:
  bool join_datagrams(bool on) override {
    asked.push_back(on);
    return possible;
  }
  std::vector<bool> asked;
  bool possible = true;
};

struct Flow {
  Flow() { CHECK(loop.open().ok()); }
  void flood(uint32_t in_one_frame) {
    for (int i = 0; i < kMany; ++i) rate.came(in_one_frame);
    loop.turn();
  }
  net::EventLoop loop;
  Recorder recorder;
  net::DatagramRate rate{loop, &recorder, kPeriodMs};
};

TEST("many datagrams that come one by one are joined, until there are few for a while") {
  Flow flow;
  flow.flood(1);
  CHECK(flow.recorder.asked == std::vector<bool>{true});
  for (int i = 0; i < 1000 && flow.recorder.asked.size() == 1; ++i) flow.loop.turn();
  CHECK(flow.recorder.asked == (std::vector<bool>{true, false}));
}

TEST("few datagrams, and trains, are left as they are") {
  Flow flow;
  flow.rate.came(1);
  flow.loop.turn();
  flow.flood(32);
  CHECK(flow.recorder.asked.empty());
}

TEST("who cannot join datagrams is asked once") {
  Flow flow;
  flow.recorder.possible = false;
  flow.flood(1);
  for (int i = 0; i < kMany; ++i) flow.rate.came(1);
  CHECK_EQ(flow.recorder.asked.size(), 1);
}

void add_port() {
  auto netlink = sys::Netlink::open();
  CHECK(netlink.ok());
  sys::NetlinkBatch bridge;
  bridge.add_bridge("br0", {{2, 0, 0, 0, 0, 1}}, 1500);
  CHECK(netlink.value().run(bridge).ok());
  const unique_fd own(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  sys::NetlinkBatch veth;
  veth.add_veth({.name = "v1",
                 .bridge = sys::interface_index("br0").value(),
                 .peer_name = "eth0",
                 .peer_mac = {{2, 0, 0, 0, 0, 2}},
                 .peer_namespace = own.get(),
                 .mtu = 1500});
  CHECK(netlink.value().run(veth).ok());
  CHECK(sys::enable_gro("v1").ok());
}

char threaded() {
  const unique_fd file(::open("/sys/class/net/v1/threaded", O_RDONLY | O_CLOEXEC));
  char value = '?';
  CHECK_EQ(::read(file.get(), &value, 1), 1);
  return value;
}

TEST("the kernel is told to join the datagrams of a network's containers, without rights over the machine") {
  in_own_network({}, [] {
    add_port();
    const unique_fd own(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    const auto joined = join_datagrams(own.get(), true);
    if (!joined && joined.error().number == EPERM) {
      std::fprintf(stderr, "not tried: sysfs cannot be mounted\n");
      return;
    }
    CHECK(joined.ok());
    CHECK_EQ(::unshare(CLONE_NEWNS), 0);
    CHECK_EQ(::mount("sysfs", "/sys", "sysfs", 0, nullptr), 0);
    CHECK(threaded() == '1');
    CHECK(join_datagrams(own.get(), false).ok());
    CHECK(threaded() == '0');
  });
}

TEST("a feature that no kernel knows cannot be set") {
  in_own_network({}, [] {
    const auto set = sys::set_feature("lo", "no-such-feature", true);
    CHECK(!set && set.error().number == EOPNOTSUPP);
    CHECK(!sys::set_feature("nothing0", "rx-gro", true));
  });
}

}  // namespace
}  // namespace sampan::test
