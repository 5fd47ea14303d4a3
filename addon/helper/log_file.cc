// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "addon/helper/log_entry.h"

namespace sampan {
namespace {

constexpr int64_t kRetryIntervalMs = 200;
// After a rotation that failed the live file grows by this much before the next attempt.
constexpr uint64_t kRotationRetryBytes = uint64_t{64} * 1024;

}  // namespace

Status LogFile::open(const LogFileOptions &options) {
  options_ = options;
  const std::string name = options.name;
  // Left behind by a monitor that was killed while it rotated.
  unlinkat(options.directory, (name + ".new").c_str(), 0);
  // O_RDWR, because the end of the file is read back once.
  fd_.reset(openat(options.directory, options.name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_) return last_error("openat", name);
  struct stat status = {};
  if (fstat(fd_.get(), &status) < 0) return last_error("fstat", name);
  size_ = static_cast<uint64_t>(status.st_size);
  rotate_at_ = options.max_size_bytes;
  cut_torn_entry();
  return {};
}

void LogFile::cut_torn_entry() {
  constexpr uint64_t kWindow = 4096;
  uint64_t end = size_;
  while (end > 0) {
    char window[kWindow];
    const uint64_t start = end > kWindow ? end - kWindow : 0;
    const ssize_t got = pread(fd_.get(), window, end - start, static_cast<off_t>(start));
    if (got != static_cast<ssize_t>(end - start)) return;
    const void *newline = memrchr(window, '\n', static_cast<size_t>(got));
    if (newline != nullptr) {
      end = start + static_cast<uint64_t>(static_cast<const char *>(newline) - window) + 1;
      break;
    }
    end = start;
  }
  if (end != size_ && ftruncate(fd_.get(), static_cast<off_t>(end)) == 0) size_ = end;
}

char *LogFile::reserve(size_t size) {
  if (rotate_at_ != 0 && !failing_ && size_ + used_ >= rotate_at_) rotate();
  if (!failing_ && kBufferSize - used_ < size) flush();
  if (failing_ && !recover()) {
    ++lost_;
    ++unreported_;
    return nullptr;
  }
  return buffer_.get() + used_;
}

void LogFile::flush() {
  if (used_ == 0 || failing_) return;
  const size_t written = write_buffer();
  if (written < used_) {
    keep_torn_entry(written);
  } else {
    used_ = 0;
  }
}

// Returns how much of the buffer is in the file now; failure_ says why when that is not all.
size_t LogFile::write_buffer() {
  size_t written = 0;
  while (written < used_) {
    const ssize_t count = write(fd_.get(), buffer_.get() + written, used_ - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      failure_ = count < 0 ? errno : ENOSPC;
      break;
    }
    written += static_cast<size_t>(count);
  }
  if (written > 0) mid_entry_ = buffer_.get()[written - 1] != '\n';
  size_ += written;
  return written;
}

void LogFile::keep_torn_entry(size_t written) {
  const char *rest = buffer_.get() + written;
  const char *end = buffer_.get() + used_;
  const char *torn_end = mid_entry_ ? std::find(rest, end, '\n') + 1 : rest;
  const auto dropped = static_cast<uint64_t>(std::count(torn_end, end, '\n'));
  lost_ += dropped;
  unreported_ += dropped;
  used_ = static_cast<size_t>(torn_end - rest);
  memmove(buffer_.get(), rest, used_);
  failing_ = true;
  retry_at_ms_ = monotonic_ms() + kRetryIntervalMs;
}

// Finishes the torn entry and reports the losses; true when entries are taken again.
bool LogFile::recover() {
  if (monotonic_ms() < retry_at_ms_) return false;
  const size_t torn = used_;
  if (unreported_ > 0) append_notice();
  const size_t written = write_buffer();
  if (written == used_ || written > torn) unreported_ = 0;
  // A notice that did not even begin is no loss; one that was begun has to be finished.
  const size_t end = written > torn ? used_ : torn;
  failing_ = written < used_;
  used_ = end - std::min(written, end);
  memmove(buffer_.get(), buffer_.get() + written, used_);
  retry_at_ms_ = monotonic_ms() + kRetryIntervalMs;
  return !failing_;
}

void LogFile::append_notice() {
  const std::string text = "sampan: " + std::to_string(unreported_) + " log entries were lost here (errno " +
                           std::to_string(failure_) + ")\n";
  char *start = buffer_.get() + used_;
  const char *end = encode_log_entry(text, make_log_entry_tail(OutputStream::err, now()), start);
  used_ += static_cast<size_t>(end - start);
}

void LogFile::finish() {
  flush();
  retry_at_ms_ = 0;
  if (failing_ && recover()) flush();
}

void LogFile::rotate() {
  flush();
  if (failing_) return;
  const std::string fresh_name = std::string(options_.name) + ".new";
  unique_fd fresh(
      openat(options_.directory, fresh_name.c_str(), O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fresh || !shift_files(fresh_name)) {
    rotate_at_ = size_ + kRotationRetryBytes;
    return;
  }
  fd_ = std::move(fresh);
  size_ = 0;
  rotate_at_ = options_.max_size_bytes;
}

// name.2 becomes name.3, name.1 name.2, name name.1, and the fresh file gets the name.
bool LogFile::shift_files(const std::string &fresh_name) {
  const int directory = options_.directory;
  for (uint32_t number = options_.max_files; number > 2; --number) {
    renameat(directory, numbered_name(number - 2).c_str(), directory, numbered_name(number - 1).c_str());
  }
  if (options_.max_files > 1 && renameat(directory, options_.name, directory, numbered_name(1).c_str()) < 0) {
    return false;
  }
  return renameat(directory, fresh_name.c_str(), directory, options_.name) == 0;
}

std::string LogFile::numbered_name(uint32_t number) const {
  return std::string(options_.name) + "." + std::to_string(number);
}

}  // namespace sampan
