// SPDX-License-Identifier: Apache-2.0
// A process as records name it: by pid and start time together, because pids are reused.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace sampan {

struct ProcessIdentity {
  pid_t pid = -1;
  uint64_t start_time = 0;  // /proc/<pid>/stat field 22, clock ticks since boot
};

// The start time is a string, because JavaScript's numbers do not hold 64 bits.
inline std::string to_json(const ProcessIdentity &process) {
  return "{\"pid\":" + std::to_string(process.pid) + ",\"startTime\":\"" + std::to_string(process.start_time) + "\"}";
}

}  // namespace sampan
