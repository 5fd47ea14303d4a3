// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_number.h"

namespace sampan {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

std::optional<int64_t> parse_base256(const char *field, size_t size) {
  // 0x80 announces a number, 0xff a negative one; the rest of the first byte belongs to the number.
  const bool negative = (static_cast<unsigned char>(field[0]) & 0x40U) != 0;
  const uint8_t fill = negative ? 0xff : 0x00;
  uint64_t value = negative ? UINT64_MAX : 0;
  for (size_t i = 0; i < size; ++i) {
    auto byte = static_cast<uint8_t>(field[i]);
    if (i == 0) byte = static_cast<uint8_t>(negative ? (byte | 0x80U) : (byte & 0x7fU));
    const bool fits = static_cast<uint8_t>(value >> 56U) == fill;
    if (!fits) return std::nullopt;
    value = (value << 8U) | byte;
  }
  const auto result = static_cast<int64_t>(value);
  if ((result < 0) != negative) return std::nullopt;
  return result;
}

}  // namespace

std::optional<int64_t> parse_tar_number(const char *field, size_t size) {
  if (size > 0 && (static_cast<unsigned char>(field[0]) & 0x80U) != 0) return parse_base256(field, size);
  size_t i = 0;
  while (i < size && field[i] == ' ') ++i;
  int64_t value = 0;
  for (; i < size && field[i] >= '0' && field[i] <= '7'; ++i) {
    if (value > (INT64_MAX >> 3)) return std::nullopt;
    value = (value << 3) | (field[i] - '0');
  }
  for (; i < size && field[i] != '\0'; ++i) {
    if (field[i] != ' ') return std::nullopt;
  }
  return value;
}

std::optional<int64_t> parse_decimal(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    if (__builtin_mul_overflow(value, int64_t{10}, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, int64_t{c - '0'}, &value)) return std::nullopt;
  }
  return value;
}

std::optional<struct timespec> parse_pax_time(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  const std::optional<int64_t> seconds = parse_decimal(text.substr(0, point));
  if (!seconds) return std::nullopt;
  int64_t nanoseconds = 0;
  if (point != std::string_view::npos) {
    int64_t scale = kNanosecondsPerSecond;
    for (const char c : text.substr(point + 1)) {
      if (c < '0' || c > '9') return std::nullopt;
      scale /= 10;
      nanoseconds += scale * (c - '0');
    }
  }
  struct timespec time = {.tv_sec = *seconds, .tv_nsec = nanoseconds};
  if (negative) {
    // tv_nsec counts upwards from tv_sec: -0.25 is -1 s + 750,000,000 ns.
    time.tv_sec = -time.tv_sec - (nanoseconds > 0 ? 1 : 0);
    time.tv_nsec = nanoseconds > 0 ? kNanosecondsPerSecond - nanoseconds : 0;
  }
  return time;
}

}  // namespace sampan
