// SPDX-License-Identifier: Apache-2.0
// The restart record: which process a container that was started again by its monitor is now, or that it waits for its
// next start. There is none before the first restart: until then the run record says all.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

#include "addon/helper/exit_record.h"
#include "addon/helper/process_identity.h"

namespace sampan {

struct RestartRecord {
  ProcessIdentity monitor;
  uint32_t count = 0;    // restarts so far, with the one that is waited for
  bool waiting = false;  // between two runs: `init` is the one that has ended
  ProcessIdentity init;
  struct timespec started_at = {};  // of `init`
  ExitRecord last_exit;
};

std::string encode_restart_record(const RestartRecord &record);

}  // namespace sampan
