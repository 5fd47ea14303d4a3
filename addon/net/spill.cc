// SPDX-License-Identifier: Apache-2.0
#include "addon/net/spill.h"

#include <algorithm>
#include <cstring>

namespace sampan::net {

namespace {

// For sources that have less than the least, which is a connection's smallest window.
constexpr size_t kKept = SpillPool::kBlocks / 4;
constexpr size_t kLeast = 65536 / SpillPool::kBlockSize;

}  // namespace

SpillPool::SpillPool(const SipKey &key) : per_source_(key) {
  for (uint16_t block = kBlocks; block-- > 0;) {
    next_[block] = first_free_;
    first_free_ = block;
  }
}

// In blocks.
size_t SpillPool::left_for(const IpAddress &source) const {
  const size_t free = size_t{kBlocks} - used_;
  const size_t held = used_ == 0 ? 0 : per_source_[source];
  const size_t least = std::min(free, kLeast - std::min(kLeast, held));
  return std::max(least, free - std::min(free, kKept + held));
}

uint16_t SpillPool::take(const IpAddress &source) {
  if (left_for(source) == 0) return kNone;
  const uint16_t block = first_free_;
  first_free_ = next_[block];
  owner_[block] = &per_source_.of(source);
  ++*owner_[block];
  next_[block] = kNone;
  touched_[block] = true;
  ++used_;
  return block;
}

uint16_t SpillPool::give_back(uint16_t block) {
  const uint16_t following = next_[block];
  next_[block] = first_free_;
  first_free_ = block;
  --*owner_[block];
  --used_;
  return following;
}

void SpillPool::trim() {
  for (uint16_t block = first_free_; block != kNone; block = next_[block]) {
    if (touched_[block]) memory_.release(block * kBlockSize, kBlockSize);
    touched_[block] = false;
  }
}

bool SpillQueue::append(SpillPool &pool, const IpAddress &source, std::span<const uint8_t> data) {
  const SpillQueue before = *this;
  while (!data.empty()) {
    if (tail_ == SpillPool::kNone || tail_used_ == SpillPool::kBlockSize) {
      const uint16_t block = pool.take(source);
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

size_t SpillQueue::front(SpillPool &pool, std::span<struct iovec> parts) const {
  size_t count = 0;
  size_t offset = head_offset_;
  for (uint16_t block = head_; block != SpillPool::kNone && count < parts.size(); block = pool.next(block)) {
    const size_t end = block == tail_ ? tail_used_ : SpillPool::kBlockSize;
    parts[count++] = {pool.data(block) + offset, end - offset};
    offset = 0;
  }
  return count;
}

void SpillQueue::consume(SpillPool &pool, size_t count) {
  size_ -= static_cast<uint32_t>(count);
  if (size_ == 0) return clear(pool);
  size_t offset = head_offset_ + count;
  for (; offset >= SpillPool::kBlockSize; offset -= SpillPool::kBlockSize) head_ = pool.give_back(head_);
  head_offset_ = static_cast<uint16_t>(offset);
}

void SpillQueue::clear(SpillPool &pool) {
  while (head_ != SpillPool::kNone) head_ = pool.give_back(head_);
  *this = SpillQueue{};
}

}  // namespace sampan::net
