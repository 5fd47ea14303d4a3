// SPDX-License-Identifier: Apache-2.0
// Requests to the kernel's network and what it acknowledges.
#include "addon/sys/netlink.h"

#include <cerrno>
#include <cstdio>

#include "addon/sys/nftables.h"
#include "addon/test/own_network.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

constexpr sys::MacAddress kMac = {{2, 0, 0, 0, 0, 1}};
constexpr uint32_t kMtu = 1500;

TEST("a batch reports its first failure, does what comes after it, and leaves nothing to the next batch") {
  in_own_network({}, [] {
    auto netlink = sys::Netlink::open();
    CHECK(netlink.ok());
    sys::NetlinkBatch batch;
    batch.delete_link("none1");
    batch.delete_link("none2");
    batch.add_bridge("br0", kMac, kMtu);
    const auto outcome = netlink.value().run(batch);
    CHECK_EQ(outcome.error().number, ENODEV);
    CHECK_EQ(outcome.error().subject, "none1");
    CHECK(sys::interface_index("br0").ok());

    sys::NetlinkBatch next;
    next.delete_link("br0");
    next.add_bridge("br0", kMac, kMtu);
    CHECK(netlink.value().run(next).ok());
  });
}

TEST("packets of marked sockets are marked once") {
  in_own_network({}, [] {
    const auto first = sys::mark_packets_of_sockets(1, 2);
    if (const int number = first.error().number; number == EPROTONOSUPPORT || number == EOPNOTSUPP) {
      std::fprintf(stderr, "not tried: no nf_tables in this kernel\n");
      return;
    }
    CHECK(first.ok());
    CHECK_EQ(sys::mark_packets_of_sockets(1, 2).error().number, EEXIST);
  });
}

}  // namespace
}  // namespace sampan::test
