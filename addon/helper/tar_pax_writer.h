// SPDX-License-Identifier: Apache-2.0
// What of a member does not fit into a ustar header, as the records of a pax extended header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "addon/helper/tar_writer.h"

namespace sampan {

// "" when everything fits.
std::string pax_records_of(const TarMember &member);

// ustar keeps long names in two fields, cut at a slash. What cannot be cut so is in a record, and `name` is what fits
// of it.
struct SplitPath {
  std::string_view prefix;
  std::string_view name;
  bool whole = true;
};
SplitPath split_path(std::string_view path);

// The largest number of a field of so many bytes, the last of which is NUL.
constexpr uint64_t octal_limit(size_t size) { return (uint64_t{1} << (3 * (size - 1))) - 1; }

}  // namespace sampan
