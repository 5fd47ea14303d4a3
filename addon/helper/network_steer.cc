// SPDX-License-Identifier: Apache-2.0
// The rules of published ports.
#include <netinet/in.h>

#include "addon/helper/network_setup.h"
#include "addon/net/tcp_handover.h"
#include "addon/sys/netlink.h"
#include "addon/sys/network_namespace.h"
#include "addon/sys/nftables.h"

namespace sampan {

namespace {

constexpr uint32_t kTable = 100;
constexpr uint32_t kPacketMark = 1;

template <typename Visit>
void for_each_rule(const EndpointDescription &endpoint, Visit visit) {
  for (const auto &port : endpoint.published) {
    for (const auto &address : endpoint.addresses) {
      visit(sys::PacketRule{.interface_name = kBridge,
                            .source = address,
                            .protocol = static_cast<uint8_t>(port.is_udp ? IPPROTO_UDP : IPPROTO_TCP),
                            .source_port = port.container_port,
                            .table = kTable});
    }
  }
}

// A failure that `harmless` names, of a rule that is there, or gone, already, is none.
Status run_each(const std::vector<sys::NetlinkBatch> &batches, int harmless) {
  auto netlink = sys::Netlink::open();
  if (!netlink) return netlink.error();
  for (const auto &batch : batches) {
    auto done = netlink.value().run(batch);
    if (!done && done.error().number != harmless) return done;
  }
  return {};
}

}  // namespace

Status steer_answers(const EndpointDescription &endpoint, int network_namespace) {
  std::vector<sys::NetlinkBatch> batches;
  for (const auto &address : endpoint.addresses) batches.emplace_back().add_local_route(address.family, kTable);
  for_each_rule(endpoint, [&](const sys::PacketRule &rule) { batches.emplace_back().add_rule(rule); });
  return sys::in_network_namespace(network_namespace, [&] { return run_each(batches, EEXIST); });
}

void unsteer_answers(const EndpointDescription &endpoint, int network_namespace) {
  std::vector<sys::NetlinkBatch> batches;
  for_each_rule(endpoint, [&](const sys::PacketRule &rule) { batches.emplace_back().delete_rule(rule); });
  // A rule that stays behind leads packets of an address that nobody has.
  (void)sys::in_network_namespace(network_namespace, [&] { return run_each(batches, ENOENT); });
}

Status steer_handed_over(int family, int network_namespace) {
  std::vector<sys::NetlinkBatch> batches(2);
  batches[0].add_local_route(family, kTable);
  batches[1].add_mark_rule(family, kPacketMark, kTable);
  return sys::in_network_namespace(network_namespace, [&]() -> Status {
    if (auto routed = run_each(batches, EEXIST); !routed) return routed;
    auto marked = sys::mark_packets_of_sockets(net::kHandedOverMark, kPacketMark);
    return !marked && marked.error().number == EEXIST ? Status() : marked;
  });
}

}  // namespace sampan
