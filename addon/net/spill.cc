// SPDX-License-Identifier: Apache-2.0
#include "addon/net/spill.h"

#include <algorithm>
#include <cstring>

namespace sampan::net {

SpillPool::SpillPool() {
  for (uint16_t block = kBlocks; block-- > 0;) {
    next_[block] = first_free_;
    first_free_ = block;
  }
}

uint16_t SpillPool::take() {
  const uint16_t block = first_free_;
  if (block == kNone) return kNone;
  first_free_ = next_[block];
  next_[block] = kNone;
  touched_[block] = true;
  ++used_;
  return block;
}

uint16_t SpillPool::give_back(uint16_t block) {
  const uint16_t following = next_[block];
  next_[block] = first_free_;
  first_free_ = block;
  --used_;
  return following;
}

void SpillPool::trim() {
  for (uint16_t block = first_free_; block != kNone; block = next_[block]) {
    if (touched_[block]) memory_.release(block * kBlockSize, kBlockSize);
    touched_[block] = false;
  }
}

bool SpillQueue::append(SpillPool &pool, std::span<const uint8_t> data) {
  const SpillQueue before = *this;
  while (!data.empty()) {
    if (tail_ == SpillPool::kNone || tail_used_ == SpillPool::kBlockSize) {
      const uint16_t block = pool.take();
      if (block == SpillPool::kNone) {
        for (uint16_t extra = before.tail_ == SpillPool::kNone ? head_ : pool.next(before.tail_);
             extra != SpillPool::kNone;)
          extra = pool.give_back(extra);
        *this = before;
        if (tail_ != SpillPool::kNone) pool.next(tail_) = SpillPool::kNone;
        return false;
      }
      (tail_ == SpillPool::kNone ? head_ : pool.next(tail_)) = block;
      tail_ = block;
      tail_used_ = 0;
    }
    const size_t part = std::min(data.size(), SpillPool::kBlockSize - tail_used_);
    std::memcpy(pool.data(tail_) + tail_used_, data.data(), part);
    tail_used_ = static_cast<uint16_t>(tail_used_ + part);
    size_ += static_cast<uint32_t>(part);
    data = data.subspan(part);
  }
  return true;
}

std::span<const uint8_t> SpillQueue::front(SpillPool &pool) const {
  if (size_ == 0) return {};
  const size_t end = head_ == tail_ ? tail_used_ : SpillPool::kBlockSize;
  return {pool.data(head_) + head_offset_, end - head_offset_};
}

void SpillQueue::consume(SpillPool &pool, size_t count) {
  size_ -= static_cast<uint32_t>(count);
  head_offset_ = static_cast<uint16_t>(head_offset_ + count);
  if (size_ == 0) {
    clear(pool);
  } else if (head_offset_ == SpillPool::kBlockSize) {
    head_ = pool.give_back(head_);
    head_offset_ = 0;
  }
}

void SpillQueue::clear(SpillPool &pool) {
  while (head_ != SpillPool::kNone) head_ = pool.give_back(head_);
  *this = SpillQueue{};
}

}  // namespace sampan::net
