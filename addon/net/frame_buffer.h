// SPDX-License-Identifier: Apache-2.0
// Room for one frame in the making: headers are written backwards before the payload, so that a payload of any size is
// received right where it will be sent from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace sampan::net {

class FrameBuffer {
 public:
  static constexpr size_t kHeadroom = 192;
  // The longest frame: virtio-net header, IPv6 header, and 65,535 bytes behind it.
  static constexpr size_t kCapacity = 65536 + 64;

  FrameBuffer() : bytes_(new uint8_t[kHeadroom + kCapacity]) {}
  uint8_t *payload() { return bytes_.get() + kHeadroom; }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
};

}  // namespace sampan::net
