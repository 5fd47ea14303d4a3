// SPDX-License-Identifier: Apache-2.0
// Where data waits that a host's socket did not take at once. All connections share one bounded pool. The shares of a
// connection and of a source (a container's address) shrink as the pool fills (dynamic thresholds), so that neither a
// few stalled connections nor many of one container can take it all: a source has no more than it leaves to others, and
// a part is kept for sources that have next to nothing. The window that a container is given follows from its share.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "addon/net/ip_address.h"
#include "addon/net/reserved_memory.h"
#include "addon/net/source_counts.h"

namespace sampan::net {

class SpillPool {
 public:
  static constexpr size_t kBlockSize = 16384;
  static constexpr uint16_t kBlocks = 1024;  // 16 MB
  static constexpr uint16_t kNone = 0xFFFF;

  explicit SpillPool(const SipKey &key);
  bool is_open() const { return memory_.at() != nullptr; }

  // kNone when there is none, or none for this source.
  uint16_t take(const IpAddress &source);
  // Gives a block back; returns the one that followed it.
  uint16_t give_back(uint16_t block);
  uint8_t *data(uint16_t block) { return static_cast<uint8_t *>(memory_.at()) + block * kBlockSize; }
  uint16_t &next(uint16_t block) { return next_[block]; }

  // How much one connection of this source may have waiting now.
  size_t share(const IpAddress &source) const { return left_for(source) * kBlockSize / 8; }
  // Gives the memory of free blocks back to the kernel.
  void trim();

 private:
  size_t left_for(const IpAddress &source) const;

  uint16_t next_[kBlocks];
  uint32_t *owner_[kBlocks] = {};  // the count that a block in use is part of
  bool touched_[kBlocks] = {};
  uint16_t first_free_ = kNone;
  uint16_t used_ = 0;
  SourceCounts per_source_;
  ReservedMemory memory_{kBlocks * kBlockSize};
};

// One connection's queue in the pool. clear() it before it is destroyed.
class SpillQueue {
 public:
  size_t size() const { return size_; }
  // All or nothing. The source is the same each time.
  bool append(SpillPool &pool, const IpAddress &source, std::span<const uint8_t> data);
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
