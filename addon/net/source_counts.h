// SPDX-License-Identifier: Apache-2.0
// How much each container (source address) has of something, for limits. Bounded: when more addresses than slots are
// active, the ones that collide share a count, which errs on the strict side.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/net/ip_address.h"
#include "addon/net/siphash.h"

namespace sampan::net {

class SourceCounts {
 public:
  explicit SourceCounts(const SipKey &key) : key_(key) {}

  uint32_t &of(const IpAddress &source) { return counts_[slot(source)]; }
  uint32_t operator[](const IpAddress &source) const { return counts_[slot(source)]; }

 private:
  size_t slot(const IpAddress &source) const { return siphash(key_, source.bytes, sizeof source.bytes) % kSlots; }

  static constexpr size_t kSlots = 1024;
  SipKey key_;
  uint32_t counts_[kSlots] = {};
};

}  // namespace sampan::net
