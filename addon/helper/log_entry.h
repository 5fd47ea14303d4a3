// SPDX-License-Identifier: Apache-2.0
// One entry of docker's json-file log: {"log":"...","stream":"stdout","time":"..."} and a newline.
#pragma once

#include <array>
#include <cstddef>
#include <ctime>
#include <string_view>

#include "addon/helper/json_text.h"
#include "addon/helper/timestamp.h"

namespace sampan {

enum class OutputStream { out = 0, err = 1 };

inline constexpr std::string_view kLogEntryHead = R"({"log":")";
inline constexpr std::string_view kLogEntryStream = R"(","stream":"stdout","time":")";
inline constexpr std::string_view kLogEntryEnd = "\"}\n";
inline constexpr size_t kLogEntryTailSize = kLogEntryStream.size() + kTimestampSize + kLogEntryEnd.size();

// What follows the text of an entry. The same for all lines of one read, so it is made once per read.
using LogEntryTail = std::array<char, kLogEntryTailSize>;
LogEntryTail make_log_entry_tail(OutputStream stream, const struct timespec &time);

constexpr size_t max_log_entry_size(size_t text_size) {
  return kLogEntryHead.size() + text_size * kMaxEscape + kLogEntryTailSize;
}

// Writes one entry and returns its end; `out` has room for max_log_entry_size(text.size()).
char *encode_log_entry(std::string_view text, const LogEntryTail &tail, char *out);

}  // namespace sampan
