// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_state.h"

#include "addon/protocol/frames.h"

namespace sampan {

namespace {

// More than that and the list ends: it has to fit into one frame.
constexpr size_t kMaxList = kMaxFramePayload / 2 - 1024;

// Ids and names were checked to be words without quotes when they were read.
void append(std::string &list, const std::string &object) {
  if (list.size() + object.size() >= kMaxList) return;
  if (!list.empty()) list += ',';
  list += object;
}

std::string member(const char *key, uint64_t value) { return std::string(",\"") + key + "\":" + std::to_string(value); }

}  // namespace

void NetdState::add(const NetdNetwork &network) {
  const auto counters = network.counters();
  append(networks_, "{\"id\":\"" + network.description().id + '"' + member("frames_in", counters.frames_in) +
                        member("frames_out", counters.frames_out) + member("bytes_in", counters.bytes_in) +
                        member("bytes_out", counters.bytes_out) + member("invalid", counters.invalid) +
                        member("refused", counters.refused) + member("limited", counters.limited) +
                        member("retransmits", counters.retransmits) + member("promoted", counters.promoted) +
                        member("promotions_failed", counters.promotions_failed) +
                        member("tcp_connections", counters.tcp_connections) + member("udp_flows", counters.udp_flows) +
                        '}');
}

void NetdState::add(const ContainerDescription &container) {
  std::string networks;
  for (const auto &endpoint : container.endpoints) append(networks, '"' + endpoint.network.id + '"');
  append(containers_, "{\"id\":\"" + container.id + "\",\"networks\":[" + networks + "]}");
}

}  // namespace sampan
