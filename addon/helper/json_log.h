// SPDX-License-Identifier: Apache-2.0
// Output of a container -> docker's json-file log: one entry per line, as docker splits them.
//
// How this works: a line becomes an entry when its newline arrives. A line longer than 16 KiB becomes several entries
// of which only the last has the newline, so that all texts put together are the output again; they carry the time of
// the first. What has no newline yet is held back (docker does the same) until there is more or the container ends.
// Text that is not UTF-8 is replaced as docker does; a sequence is never cut by a read, nor by the 16 KiB limit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "addon/helper/log_entry.h"
#include "addon/helper/log_file.h"
#include "addon/sys/result.h"

namespace sampan {

class JsonLog {
 public:
  static constexpr size_t kMaxTextSize = size_t{16} * 1024;

  // Without open(), everything else does nothing.
  Status open(const LogFileOptions &options) { return file_.open(options); }

  // All lines that end in `bytes` get the time of this call.
  void append(OutputStream stream, std::string_view bytes) { append(stream, bytes, now()); }
  void append(OutputStream stream, std::string_view bytes, const struct timespec &time);

  // To be called before the monitor sleeps.
  void flush() { file_.flush(); }

  // The streams of this run have ended: writes what has no newline, and everything that is still buffered. Another run
  // may follow.
  void finish();

  void release_memory() { file_.release_memory(); }

  uint64_t entries_lost() const { return file_.entries_lost(); }

 private:
  // The line of one stream that has no newline yet.
  struct OpenLine {
    std::unique_ptr<char[]> text;
    size_t size = 0;
    bool continued = false;   // entries of this line have been written
    LogEntryTail first_tail;  // of the first of them
  };

  size_t hold(OpenLine &line, std::string_view bytes);
  void write_entry(OpenLine &line, std::string_view text, const LogEntryTail &tail);

  LogFile file_;
  std::array<OpenLine, 2> lines_;
};

}  // namespace sampan
