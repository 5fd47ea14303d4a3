// SPDX-License-Identifier: Apache-2.0
// Paths of an archive in messages: an archive may have names of a megabyte.
#pragma once

#include <string>
#include <string_view>

namespace sampan {

inline std::string clip_path(std::string_view path) {
  constexpr size_t kEnds = 300;
  if (path.size() <= 2 * kEnds) return std::string(path);
  return std::string(path.substr(0, kEnds)) + "..." + std::string(path.substr(path.size() - kEnds));
}

}  // namespace sampan
