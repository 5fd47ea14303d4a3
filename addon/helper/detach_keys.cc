// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/detach_keys.h"

#include <cstring>

namespace sampan {

DetachKeys::Outcome DetachKeys::filter(std::string_view input, char *out) {
  Outcome outcome;
  if (keys_.empty()) {
    memcpy(out, input.data(), input.size());
    outcome.size = input.size();
    return outcome;
  }
  for (const char byte : input) {
    while (held_ > 0 && byte != keys_[held_]) {
      const size_t kept = fallback();
      memcpy(out + outcome.size, keys_.data(), held_ - kept);
      outcome.size += held_ - kept;
      held_ = kept;
    }
    if (byte != keys_[held_]) {
      out[outcome.size++] = byte;
    } else if (++held_ == keys_.size()) {
      held_ = 0;
      outcome.detached = true;
      return outcome;
    }
  }
  return outcome;
}

// After a mismatch: the longest proper suffix of the held bytes that begins the sequence anew (Knuth, Morris, Pratt).
size_t DetachKeys::fallback() const {
  const std::string_view held = std::string_view(keys_).substr(0, held_);
  for (size_t length = held_ - 1; length > 0; --length) {
    if (held.substr(held_ - length) == held.substr(0, length)) return length;
  }
  return 0;
}

std::string_view DetachKeys::take_held() {
  const std::string_view held = std::string_view(keys_).substr(0, held_);
  held_ = 0;
  return held;
}

}  // namespace sampan
