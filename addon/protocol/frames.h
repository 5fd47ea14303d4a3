// SPDX-License-Identifier: Apache-2.0
// Control frames between a client and a helper process: numbers and header, from frames.def.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampan {

enum class FrameType : uint16_t {
  none = 0,  // frames.def numbers from 1
#define FRAME(name, direction, doc) name,
#include "addon/protocol/frames.def"
#undef FRAME
};

struct FrameHeader {
  FrameType type = FrameType::none;
  uint16_t flags = 0;
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;
};
static_assert(sizeof(FrameHeader) == 16, "the header is the wire format");

inline constexpr size_t kMaxFramePayload = 65536;
inline constexpr size_t kMaxFrame = sizeof(FrameHeader) + kMaxFramePayload;

}  // namespace sampan
