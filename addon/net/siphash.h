// SPDX-License-Identifier: Apache-2.0
// SipHash-1-3, a keyed hash (Aumasson and Bernstein, 2012): a container that chooses addresses and ports cannot choose
// what they collide with, nor guess initial sequence numbers.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sampan::net {

struct SipKey {
  uint64_t low = 0;
  uint64_t high = 0;
};

// `size` is a multiple of 8.
inline uint64_t siphash(const SipKey &key, const void *data, size_t size) {
  uint64_t v0 = key.low ^ 0x736f6d6570736575U;
  uint64_t v1 = key.high ^ 0x646f72616e646f6dU;
  uint64_t v2 = key.low ^ 0x6c7967656e657261U;
  uint64_t v3 = key.high ^ 0x7465646279746573U;
  const auto round = [&] {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  };
  const auto absorb = [&](uint64_t word) {
    v3 ^= word;
    round();
    v0 ^= word;
  };
  const auto *at = static_cast<const uint8_t *>(data);
  for (size_t i = 0; i < size; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, at + i, sizeof word);
    absorb(word);
  }
  absorb(static_cast<uint64_t>(size) << 56);
  v2 ^= 0xFF;
  round();
  round();
  round();
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace sampan::net
