// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_input.h"

#include <algorithm>
#include <cstring>

#include "addon/helper/tar_fields.h"

namespace sampan {

TarInput::TarInput(ReadFunction read, void *context) : read_(read), context_(context), buffer_(new char[kBufferSize]) {}

Status TarInput::refill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > 0 && kBufferSize - end_ < kTarBlock) {
    memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  ssize_t got = 0;
  do {
    got = read_(context_, buffer_.get() + end_, kBufferSize - end_);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return last_error("read", "the archive");
  if (got == 0) ended_ = true;
  end_ += static_cast<size_t>(got);
  return {};
}

Result<const char *> TarInput::block() {
  while (end_ - begin_ < kTarBlock && !ended_) {
    Status refilled = refill();
    if (!refilled) return refilled.error();
  }
  if (begin_ == end_) return nullptr;
  if (end_ - begin_ < kTarBlock) return Error{EBADMSG, "read tar", "the archive ends inside a header"};
  const char *result = buffer_.get() + begin_;
  begin_ += kTarBlock;
  position_ += kTarBlock;
  return result;
}

Result<std::string_view> TarInput::some(uint64_t limit) {
  if (begin_ == end_ && limit > 0 && !ended_) {
    Status refilled = refill();
    if (!refilled) return refilled.error();
  }
  const size_t size = static_cast<size_t>(std::min<uint64_t>(limit, end_ - begin_));
  const std::string_view result(buffer_.get() + begin_, size);
  begin_ += size;
  position_ += size;
  return result;
}

Result<bool> TarInput::skip(uint64_t size) {
  while (size > 0) {
    const Result<std::string_view> got = some(size);
    if (!got) return got.error();
    if (got.value().empty()) return false;
    size -= got.value().size();
  }
  return true;
}

}  // namespace sampan
