// SPDX-License-Identifier: Apache-2.0
#include "addon/net/checksum.h"

#include <bit>
#include <cstring>

namespace sampan::net {

uint64_t add_sum(uint64_t sum, const void *data, size_t size) {
  const auto *at = static_cast<const uint8_t *>(data);
  // 32 bits at a time into 64: no carry is lost below 16 GB.
  for (; size >= 4; size -= 4, at += 4) {
    uint32_t word = 0;
    std::memcpy(&word, at, sizeof word);
    sum += word;
  }
  uint32_t rest = 0;
  std::memcpy(&rest, at, size);
  return sum + rest;
}

uint16_t fold(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  const auto folded = static_cast<uint16_t>(sum);
  if constexpr (std::endian::native == std::endian::big) return folded;
  return static_cast<uint16_t>(folded << 8 | folded >> 8);
}

uint64_t pseudo_header_sum(const IpAddress &source, const IpAddress &destination, uint8_t protocol, size_t size) {
  const size_t skipped = source.is_v4() ? 12 : 0;
  uint64_t sum = add_sum(0, source.bytes + skipped, sizeof source.bytes - skipped);
  sum = add_sum(sum, destination.bytes + skipped, sizeof destination.bytes - skipped);
  const uint8_t rest[8] = {0, 0, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size), 0, 0, 0, protocol};
  return add_sum(sum, rest, sizeof rest);
}

}  // namespace sampan::net
