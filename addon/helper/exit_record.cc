// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/exit_record.h"

#include <fcntl.h>
#include <unistd.h>

#include "addon/helper/json_text.h"
#include "addon/helper/timestamp.h"
#include "addon/protocol/record_schema.h"

namespace sampan {

std::string encode_exit_record(const ExitRecord &record) {
  std::string text = std::string("{") + kSchemaMember + ",\"init\":" + to_json(record.init);
  text += ",\"monitor\":" + to_json(record.monitor);
  text += ",\"exitCode\":" + std::to_string(record.exit_code);
  text += ",\"signal\":" + std::to_string(record.signal);
  text += record.oom_killed ? ",\"oomKilled\":true" : ",\"oomKilled\":false";
  text += ",\"finishedAt\":\"" + to_text(record.finished_at);
  text += "\",\"logEntriesLost\":" + std::to_string(record.log_entries_lost);
  if (record.restart_count > 0) {
    text += ",\"restartCount\":" + std::to_string(record.restart_count);
    text += ",\"startedAt\":\"" + to_text(record.started_at) + "\"";
  }
  if (!record.error.empty()) {
    constexpr size_t kLongestError = 400;
    text += ",\"error\":" + to_json_string(std::string_view(record.error).substr(0, kLongestError));
  }
  return text + "}\n";
}

Status ExitRecordFile::prepare(int directory, const char *name, bool durable) {
  constexpr off_t kReservedBytes = 4096;
  directory_ = directory;
  name_ = name;
  temporary_name_ = "." + name_ + ".monitor.tmp";
  durable_ = durable;
  // Left behind by a monitor that was killed between two renames.
  unlinkat(directory, temporary_name_.c_str(), 0);
  // open(2): O_TMPFILE, Linux 3.11; EOPNOTSUPP (or EISDIR) where the file system has none.
  nameless_.reset(openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!nameless_) return errno == EOPNOTSUPP || errno == EISDIR ? Status() : last_error("openat", name_);
  if (fallocate(nameless_.get(), 0, 0, kReservedBytes) < 0 && errno != EOPNOTSUPP) {
    return last_error("fallocate", name_);
  }
  return {};
}

Status ExitRecordFile::write(const ExitRecord &record) {
  const std::string content = encode_exit_record(record);
  if (nameless_) {
    Status written = write_content(nameless_.get(), content);
    if (!written) return written;
    Status published = publish_nameless();
    if (!published) return published;
  } else {
    const char *temporary = temporary_name_.c_str();
    unique_fd file(openat(directory_, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return last_error("openat", temporary_name_);
    Status written = write_content(file.get(), content);
    if (!written) return written;
    if (renameat(directory_, temporary, directory_, name_.c_str()) < 0) return last_error("renameat", name_);
  }
  if (!durable_) return {};
  // The given descriptor may be O_PATH, which fsync(2) refuses.
  unique_fd directory(openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || fsync(directory.get()) < 0) return last_error("fsync", name_);
  return {};
}

Status ExitRecordFile::write_content(int fd, const std::string &content) {
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t count = pwrite(fd, content.data() + written, content.size() - written, static_cast<off_t>(written));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return last_error("pwrite", name_);
    written += static_cast<size_t>(count);
  }
  if (ftruncate(fd, static_cast<off_t>(content.size())) < 0) return last_error("ftruncate", name_);
  if (durable_ && fsync(fd) < 0) return last_error("fsync", name_);
  return {};
}

Status ExitRecordFile::publish_nameless() {
  const std::string source = "/proc/self/fd/" + std::to_string(nameless_.get());
  if (linkat(AT_FDCWD, source.c_str(), directory_, name_.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  if (errno != EEXIST) return last_error("linkat", name_);
  // An older record has the name; linkat(2) does not replace, rename(2) does.
  const char *temporary = temporary_name_.c_str();
  if (linkat(AT_FDCWD, source.c_str(), directory_, temporary, AT_SYMLINK_FOLLOW) < 0 && errno != EEXIST) {
    return last_error("linkat", temporary_name_);
  }
  if (renameat(directory_, temporary, directory_, name_.c_str()) < 0) return last_error("renameat", name_);
  return {};
}

Status ExitRecordFile::write_with_retries(const ExitRecord &record) {
  constexpr int kAttempts = 20;
  constexpr struct timespec kPause = {.tv_sec = 0, .tv_nsec = 250000000};
  Status status = write(record);
  for (int attempt = 1; attempt < kAttempts && !status; ++attempt) {
    nanosleep(&kPause, nullptr);
    status = write(record);
  }
  return status;
}

}  // namespace sampan
