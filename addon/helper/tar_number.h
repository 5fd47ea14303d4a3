// SPDX-License-Identifier: Apache-2.0
// The ways in which tar archives write numbers. Nothing here guesses: a field that is not a number is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

namespace sampan {

// A numeric header field: octal text, or base-256 when the top bit of the first byte is set (two's complement, so
// that times before 1970 can be written). A field of blanks is 0.
std::optional<int64_t> parse_tar_number(const char *field, size_t size);

// Decimal digits and nothing else; nothing when empty or over INT64_MAX.
std::optional<int64_t> parse_decimal(std::string_view text);

// Seconds with an optional sign and fraction, as pax writes times; digits below nanoseconds are cut off.
std::optional<struct timespec> parse_pax_time(std::string_view text);

}  // namespace sampan
