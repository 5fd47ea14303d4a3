// SPDX-License-Identifier: Apache-2.0
// The exit record: how the container ended, written by the monitor alone and exactly once: at its last end, when the
// restart policy does not start it again.
//
// How this works: without this file nobody can know the exit code, so its place is taken before the container starts:
// a nameless file (O_TMPFILE) with its blocks allocated. A disk that is full then is an error of the start, and a disk
// that fills up later does not matter. At the end the content goes into that file, is synced when the record shall
// survive a power cut, and gets its name: a reader sees the whole record or none, and a monitor that was killed before
// leaves nothing behind. Where the file system has no O_TMPFILE, a temporary file is written at the end and renamed.
// A write that fails all the same is tried again for some seconds; then the monitor gives up, still tells its clients
// how the container ended, and the next command reports a monitor that did not finish.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <string>

#include "addon/helper/process_identity.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

struct ExitRecord {
  ProcessIdentity init;
  ProcessIdentity monitor;  // who wrote it: tells the record of this start from an older one
  int exit_code = 0;        // 128+signal when a signal ended it
  int signal = 0;
  bool oom_killed = false;
  struct timespec finished_at = {};
  uint64_t log_entries_lost = 0;
  uint32_t restart_count = 0;
  struct timespec started_at = {};  // counts after a restart; before, the run record knows it
  std::string error;                // why the last restart failed; cut, so that the record fits its place
};

std::string encode_exit_record(const ExitRecord &record);

class ExitRecordFile {
 public:
  // Takes the place of the record `name` in `directory` (borrowed).
  Status prepare(int directory, const char *name, bool durable);

  // Writes the record and gives it its name, replacing an older one.
  Status write(const ExitRecord &record);

  // The same, several times within about five seconds.
  Status write_with_retries(const ExitRecord &record);

 private:
  Status write_content(int fd, const std::string &content);
  Status publish_nameless();

  int directory_ = -1;
  std::string name_;
  std::string temporary_name_;
  bool durable_ = false;
  unique_fd nameless_;
};

}  // namespace sampan
