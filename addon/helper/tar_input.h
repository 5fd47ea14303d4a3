// SPDX-License-Identifier: Apache-2.0
// The bytes of an archive, from wherever they come: one buffer, refilled on demand, and the position for messages.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "addon/sys/result.h"

namespace sampan {

class TarInput {
 public:
  // Like read(2): -1 and errno, 0 at the end.
  using ReadFunction = ssize_t (*)(void *context, char *buffer, size_t size);

  TarInput(ReadFunction read, void *context);

  // The next block of 512 bytes, valid until the next call; nullptr when the archive ends here. Error{EBADMSG} when it
  // ends inside the block.
  Result<const char *> block();

  // What is at hand of the next `limit` bytes (one read at most); empty at the end of the archive, or when limit is 0.
  Result<std::string_view> some(uint64_t limit);

  // False when the archive ends before.
  Result<bool> skip(uint64_t size);

  uint64_t position() const { return position_; }

 private:
  Status refill();

  // Fits a second-level cache, and takes what a pipe holds in one read.
  static constexpr size_t kBufferSize = size_t{256} * 1024;

  ReadFunction read_;
  void *context_;
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool ended_ = false;
  uint64_t position_ = 0;  // of the byte at begin_
};

}  // namespace sampan
