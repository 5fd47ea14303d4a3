// SPDX-License-Identifier: Apache-2.0
// A bounded pool of objects of one type. Objects lie in slabs of 64; the lowest slab with room is used first, and
// trim() gives the memory of empty slabs back to the kernel.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "addon/net/reserved_memory.h"

namespace sampan::net {

template <typename T>
class Pool {
 public:
  explicit Pool(uint32_t capacity)
      : slab_count_((capacity + kPerSlab - 1) / kPerSlab),
        capacity_(capacity),
        free_(new uint64_t[slab_count_]),
        memory_(slab_count_ * kSlabSize) {
    for (uint32_t slab = 0; slab < slab_count_; ++slab) free_[slab] = ~uint64_t{0};
  }
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  bool is_open() const { return memory_.at() != nullptr; }
  uint32_t used() const { return used_; }
  bool has_room() const { return used_ != capacity_; }

  // Null when the pool is exhausted.
  template <typename... Arguments>
  T *make(Arguments &&...arguments) {
    if (!has_room()) return nullptr;
    while (free_[first_with_room_] == 0) ++first_with_room_;
    uint64_t &free = free_[first_with_room_];
    const auto index = static_cast<uint32_t>(std::countr_zero(free));
    free &= free - 1;
    ++used_;
    return new (slot(first_with_room_, index)) T(std::forward<Arguments>(arguments)...);
  }

  void destroy(T *object) {
    object->~T();
    const auto offset = static_cast<size_t>(reinterpret_cast<char *>(object) - static_cast<char *>(memory_.at()));
    const auto slab = static_cast<uint32_t>(offset / kSlabSize);
    free_[slab] |= uint64_t{1} << (offset % kSlabSize / sizeof(T));
    if (slab < first_with_room_) first_with_room_ = slab;
    --used_;
    trimmed_ = false;
  }

  void trim() {
    if (trimmed_) return;
    for (uint32_t slab = 0; slab < slab_count_; ++slab) {
      if (free_[slab] == ~uint64_t{0}) memory_.release(slab * kSlabSize, kSlabSize);
    }
    trimmed_ = true;
  }

  // Calls visit(T &) for every object; it may destroy that one.
  template <typename Visit>
  void for_each(Visit visit) {
    for (uint32_t slab = 0; slab < slab_count_; ++slab) {
      for (uint64_t used = ~free_[slab]; used != 0; used &= used - 1)
        visit(*static_cast<T *>(slot(slab, static_cast<uint32_t>(std::countr_zero(used)))));
    }
  }

 private:
  static constexpr uint32_t kPerSlab = 64;
  static constexpr size_t kPage = 4096;
  static constexpr size_t kSlabSize = (kPerSlab * sizeof(T) + kPage - 1) / kPage * kPage;

  void *slot(uint32_t slab, uint32_t index) {
    return static_cast<char *>(memory_.at()) + slab * kSlabSize + index * sizeof(T);
  }

  uint32_t slab_count_;
  uint32_t capacity_;
  uint32_t used_ = 0;
  uint32_t first_with_room_ = 0;
  bool trimmed_ = true;
  std::unique_ptr<uint64_t[]> free_;  // a bit per object, set when free
  ReservedMemory memory_;
};

}  // namespace sampan::net
