// SPDX-License-Identifier: Apache-2.0
// Finds the detach key sequence in what a client types. A sequence may be spread over many frames; bytes that only
// began one are passed on as soon as it is clear that they did not complete it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sampan {

class DetachKeys {
 public:
  // Longest sequence: far above what anybody types, small enough for a fixed buffer.
  static constexpr size_t kMaxKeys = 64;

  DetachKeys() = default;
  // Empty keys never match. keys.size() <= kMaxKeys.
  explicit DetachKeys(std::string_view keys) : keys_(keys) {}

  struct Outcome {
    size_t size = 0;        // bytes written to out
    bool detached = false;  // what followed the keys is dropped
  };

  // Passes input on to `out`, which has room for input.size() + kMaxKeys.
  Outcome filter(std::string_view input, char *out);

  // The bytes held back because they may become the sequence; called when the client's input ends.
  std::string_view take_held();

 private:
  size_t fallback() const;

  std::string keys_;
  size_t held_ = 0;  // the first held_ bytes of keys_ have been seen
};

}  // namespace sampan
