// SPDX-License-Identifier: Apache-2.0
// The file of a container's log: buffered, append-only, rotated by size and count, and honest about a full disk.
//
// How this works: entries are built in one buffer and written when it is full or when the monitor is about to sleep.
// A write that fails never stops the container: entries that found no place are counted and dropped. What has been
// written is never taken back, because a reader may have followed it: when a write stopped in the middle of an entry,
// the rest of that entry is kept and goes out first when there is space again, then one entry that says how many were
// lost. Rotation makes the new file first (name.new) and then renames, so that a full disk only postpones it; a reader
// that follows sees another inode under the name. A torn entry at the end of a file (the monitor was killed in the
// middle of a write) is cut off when the file is opened the next time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "addon/helper/page_buffer.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

struct LogFileOptions {
  int directory = -1;  // borrowed
  const char *name = nullptr;
  uint64_t max_size_bytes = 0;  // 0: never rotated
  uint32_t max_files = 1;       // counts the live file too
};

class LogFile {
 public:
  static constexpr size_t kBufferSize = size_t{128} * 1024;

  Status open(const LogFileOptions &options);
  bool is_open() const { return static_cast<bool>(fd_); }

  // Room for one entry of at most `size` bytes (<= kBufferSize); nullptr when the entry is lost because the disk does
  // not take it (it has been counted).
  char *reserve(size_t size);
  // The reserved entry is complete and `size` bytes long; its last byte is its only newline.
  void commit(size_t size) { used_ += size; }

  void flush();
  // Last flush: tries once more to report lost entries.
  void finish();

  // Gives the buffer's memory back when it is empty.
  void release_memory() {
    if (used_ == 0) buffer_.release();
  }

  uint64_t entries_lost() const { return lost_; }

 private:
  size_t write_buffer();
  void keep_torn_entry(size_t written);
  bool recover();
  void append_notice();
  void rotate();
  bool shift_files(const std::string &fresh_name);
  std::string numbered_name(uint32_t number) const;
  void cut_torn_entry();

  LogFileOptions options_;
  unique_fd fd_;
  PageBuffer buffer_{kBufferSize};
  size_t used_ = 0;
  uint64_t size_ = 0;       // of the live file
  uint64_t rotate_at_ = 0;  // size of the live file that makes the next entry rotate; 0: never
  bool mid_entry_ = false;  // the file ends in the middle of an entry whose rest is at the start of the buffer
  bool failing_ = false;
  int failure_ = 0;          // errno of the last failed write
  uint64_t lost_ = 0;        // all of them
  uint64_t unreported_ = 0;  // since the last entry that reported losses
  int64_t retry_at_ms_ = 0;  // monotonic clock
};

}  // namespace sampan
