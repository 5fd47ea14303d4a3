// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/json_log.h"

#include <algorithm>
#include <cstring>

namespace sampan {
namespace {

static_assert(max_log_entry_size(JsonLog::kMaxTextSize) + 512 <= LogFile::kBufferSize,
              "an entry, with the notice of lost ones, fits into the buffer");

// Size of the entry at the start of `text`; 0 when more has to arrive first.
size_t next_entry_size(std::string_view text) {
  const std::string_view window = text.substr(0, JsonLog::kMaxTextSize);
  const void *newline = memchr(window.data(), '\n', window.size());
  if (newline != nullptr) return static_cast<size_t>(static_cast<const char *>(newline) - window.data()) + 1;
  if (window.size() < JsonLog::kMaxTextSize) return 0;
  return window.size() - incomplete_utf8_tail(window);
}

}  // namespace

void JsonLog::append(OutputStream stream, std::string_view bytes, const struct timespec &time) {
  if (!file_.is_open() || bytes.empty()) return;
  const LogEntryTail tail = make_log_entry_tail(stream, time);
  OpenLine &line = lines_[static_cast<size_t>(stream)];
  while (!bytes.empty()) {
    if (line.size == 0) {
      const size_t size = next_entry_size(bytes);
      if (size > 0) {
        write_entry(line, bytes.substr(0, size), tail);
        bytes.remove_prefix(size);
        continue;
      }
    }
    bytes.remove_prefix(hold(line, bytes));
    const size_t size = next_entry_size({line.text.get(), line.size});
    if (size == 0) continue;
    write_entry(line, {line.text.get(), size}, tail);
    line.size -= size;
    memmove(line.text.get(), line.text.get() + size, line.size);
  }
}

// Adds to the open line up to its newline or the limit, and returns how many bytes that took.
size_t JsonLog::hold(OpenLine &line, std::string_view bytes) {
  if (!line.text) line.text.reset(new char[kMaxTextSize]);
  const std::string_view window = bytes.substr(0, kMaxTextSize - line.size);
  const void *newline = memchr(window.data(), '\n', window.size());
  const size_t size =
      newline == nullptr ? window.size() : static_cast<size_t>(static_cast<const char *>(newline) - window.data()) + 1;
  memcpy(line.text.get() + line.size, bytes.data(), size);
  line.size += size;
  return size;
}

void JsonLog::write_entry(OpenLine &line, std::string_view text, const LogEntryTail &tail) {
  const bool ends = text.back() == '\n';
  if (!ends && !line.continued) line.first_tail = tail;
  const LogEntryTail &own_tail = ends && !line.continued ? tail : line.first_tail;
  char *start = file_.reserve(max_log_entry_size(text.size()));
  if (start != nullptr) file_.commit(static_cast<size_t>(encode_log_entry(text, own_tail, start) - start));
  line.continued = !ends;
}

void JsonLog::finish() {
  if (!file_.is_open()) return;
  const struct timespec time = now();
  for (const OutputStream stream : {OutputStream::out, OutputStream::err}) {
    OpenLine &line = lines_[static_cast<size_t>(stream)];
    if (line.size > 0) write_entry(line, {line.text.get(), line.size}, make_log_entry_tail(stream, time));
    line.size = 0;
    line.continued = false;
  }
  file_.finish();
}

}  // namespace sampan
