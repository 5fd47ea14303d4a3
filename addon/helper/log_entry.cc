// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/log_entry.h"

#include <cstring>

namespace sampan {

LogEntryTail make_log_entry_tail(OutputStream stream, const struct timespec &time) {
  constexpr std::string_view kStderr = R"(","stream":"stderr","time":")";
  static_assert(kStderr.size() == kLogEntryStream.size());
  LogEntryTail tail;
  char *out = tail.data();
  memcpy(out, stream == OutputStream::out ? kLogEntryStream.data() : kStderr.data(), kLogEntryStream.size());
  out += kLogEntryStream.size();
  format_timestamp(time, out);
  memcpy(out + kTimestampSize, kLogEntryEnd.data(), kLogEntryEnd.size());
  return tail;
}

char *encode_log_entry(std::string_view text, const LogEntryTail &tail, char *out) {
  memcpy(out, kLogEntryHead.data(), kLogEntryHead.size());
  out = escape_json(text, out + kLogEntryHead.size());
  memcpy(out, tail.data(), tail.size());
  return out + tail.size();
}

}  // namespace sampan
