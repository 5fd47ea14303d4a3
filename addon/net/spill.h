// SPDX-License-Identifier: Apache-2.0
// Where data waits that a host's socket did not take at once. All connections share one bounded pool; a connection's
// share shrinks as the pool fills (dynamic threshold), so that a few stalled ones cannot take it all, and the window
// that a container is given follows from its share.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "addon/net/reserved_memory.h"

namespace sampan::net {

class SpillPool {
 public:
  static constexpr size_t kBlockSize = 16384;
  static constexpr uint16_t kBlocks = 1024;  // 16 MB
  static constexpr uint16_t kNone = 0xFFFF;

  SpillPool();
  bool is_open() const { return memory_.at() != nullptr; }

  // kNone when there is none.
  uint16_t take();
  // Gives a block back; returns the one that followed it.
  uint16_t give_back(uint16_t block);
  uint8_t *data(uint16_t block) { return static_cast<uint8_t *>(memory_.at()) + block * kBlockSize; }
  uint16_t &next(uint16_t block) { return next_[block]; }

  // How much one connection may have waiting now.
  size_t share() const { return (size_t{kBlocks} - used_) * kBlockSize / 8; }
  // Gives the memory of free blocks back to the kernel.
  void trim();

 private:
  uint16_t next_[kBlocks];
  bool touched_[kBlocks] = {};
  uint16_t first_free_ = kNone;
  uint16_t used_ = 0;
  ReservedMemory memory_{kBlocks * kBlockSize};
};

// One connection's queue in the pool. clear() it before it is destroyed.
class SpillQueue {
 public:
  size_t size() const { return size_; }
  // All or nothing.
  bool append(SpillPool &pool, std::span<const uint8_t> data);
  // The first bytes, in up to parts.size() pieces; returns how many pieces.
  size_t front(SpillPool &pool, std::span<struct iovec> parts) const;
  void consume(SpillPool &pool, size_t count);
  void clear(SpillPool &pool);

 private:
  uint16_t head_ = SpillPool::kNone;
  uint16_t tail_ = SpillPool::kNone;
  uint16_t head_offset_ = 0;
  uint16_t tail_used_ = 0;
  uint32_t size_ = 0;
};

}  // namespace sampan::net
