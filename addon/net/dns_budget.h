// SPDX-License-Identifier: Apache-2.0
// How many questions each container (source address) may ask: so many at once, then so many for each second. All
// containers of a network ask through one queue of the kernel, so what is beyond that has to be thrown away faster than
// it comes. Bounded: when more addresses than slots are active, the ones that collide share a budget.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "addon/net/ip_address.h"
#include "addon/net/siphash.h"

namespace sampan::net {

class DnsBudget {
 public:
  static constexpr uint32_t kBurst = 2000;
  static constexpr uint32_t kPerMs = 10;

  explicit DnsBudget(const SipKey &key) : key_(key) {}

  // False: one too many.
  bool take(const IpAddress &source, uint64_t now_ms) {
    Slot &slot = slots_[siphash(key_, source.bytes, sizeof source.bytes) % kSlots];
    const uint64_t gained = std::min<uint64_t>((now_ms - slot.since_ms) * kPerMs, slot.spent);
    slot.spent -= static_cast<uint32_t>(gained);
    slot.since_ms = now_ms;
    if (slot.spent == kBurst) return false;
    ++slot.spent;
    return true;
  }

 private:
  static constexpr size_t kSlots = 256;
  struct Slot {
    uint64_t since_ms = 0;
    uint32_t spent = 0;
  };
  SipKey key_;
  Slot slots_[kSlots] = {};
};

}  // namespace sampan::net
