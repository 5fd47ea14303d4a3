// SPDX-License-Identifier: Apache-2.0
// A large buffer of whole pages. It costs memory only while it is used: pages that were never touched cost nothing, and
// release() gives the touched ones back, so that a monitor that has nothing to do stays small after a burst of output.
#pragma once

#include <sys/mman.h>

#include <cstddef>

namespace sampan {

class PageBuffer {
 public:
  // Aborts when there is no address space: like malloc in the rest of the helper, that is not survivable.
  explicit PageBuffer(size_t size) : size_(size) {
    void *pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) __builtin_trap();
    data_ = static_cast<char *>(pages);
  }
  PageBuffer(const PageBuffer &) = delete;
  PageBuffer &operator=(const PageBuffer &) = delete;
  ~PageBuffer() { munmap(data_, size_); }

  char *get() const { return data_; }

  // The content is lost.
  void release() { madvise(data_, size_, MADV_DONTNEED); }

 private:
  char *data_;
  size_t size_;
};

}  // namespace sampan
