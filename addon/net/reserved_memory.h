// SPDX-License-Identifier: Apache-2.0
// Address space for a bounded table: costs memory only where it was touched, and gives it back.
#pragma once

#include <sys/mman.h>

#include <cstddef>

namespace sampan::net {

class ReservedMemory {
 public:
  // mmap(2), zeroed. at() is null when the kernel refuses.
  explicit ReservedMemory(size_t size)
      : size_(size),
        at_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    // madvise(2): with huge pages one small object would cost 2 MB.
    if (at_ != MAP_FAILED) ::madvise(at_, size_, MADV_NOHUGEPAGE);
  }
  ~ReservedMemory() {
    if (at_ != MAP_FAILED) ::munmap(at_, size_);
  }
  ReservedMemory(const ReservedMemory &) = delete;
  ReservedMemory &operator=(const ReservedMemory &) = delete;

  void *at() const { return at_ == MAP_FAILED ? nullptr : at_; }
  // Gives the pages of a part back; they read as zeros afterwards. Offset and size are multiples of the page size.
  void release(size_t offset, size_t size) { ::madvise(static_cast<char *>(at_) + offset, size, MADV_DONTNEED); }

 private:
  size_t size_;
  void *at_;
};

}  // namespace sampan::net
