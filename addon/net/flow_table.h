// SPDX-License-Identifier: Apache-2.0
// Finds a flow by its addresses: a hash table of fixed size with chains through the flows. The hash is keyed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "addon/net/ip_address.h"
#include "addon/net/reserved_memory.h"
#include "addon/net/siphash.h"

namespace sampan::net {

// As seen by the container: its own address first.
struct FlowKey {
  IpAddress source;
  IpAddress destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  // Where addresses are of one link: which it is (ipv6(7), sin6_scope_id).
  uint32_t link = 0;

  friend bool operator==(const FlowKey &, const FlowKey &) = default;
};
static_assert(sizeof(FlowKey) == 40, "a multiple of 8, without padding: it is hashed as it is");

// Flow has: FlowKey key; Flow *next_in_bucket.
template <typename Flow>
class FlowTable {
 public:
  FlowTable(const SipKey &key, uint32_t capacity)
      : key_(key), mask_(std::bit_ceil(capacity) - 1), memory_((size_t{mask_} + 1) * sizeof(Flow *)) {}

  bool is_open() const { return memory_.at() != nullptr; }

  Flow *find(const FlowKey &key) const {
    Flow *flow = *bucket(key);
    while (flow != nullptr && flow->key != key) flow = flow->next_in_bucket;
    return flow;
  }
  void insert(Flow &flow) {
    Flow **head = bucket(flow.key);
    flow.next_in_bucket = *head;
    *head = &flow;
  }
  void remove(Flow &flow) {
    for (Flow **link = bucket(flow.key); *link != nullptr; link = &(*link)->next_in_bucket) {
      if (*link != &flow) continue;
      *link = flow.next_in_bucket;
      return;
    }
  }

 private:
  Flow **bucket(const FlowKey &key) const {
    return static_cast<Flow **>(memory_.at()) + (siphash(key_, &key, sizeof key) & mask_);
  }

  SipKey key_;
  uint32_t mask_;
  ReservedMemory memory_;
};

}  // namespace sampan::net
