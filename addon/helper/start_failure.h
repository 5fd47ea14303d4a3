// SPDX-License-Identifier: Apache-2.0
// Why a container did not start, as the ERROR frame says it.
#pragma once

#include <cstdint>
#include <string>

#include "addon/protocol/plan.h"
#include "addon/sys/result.h"

namespace sampan {

struct StartFailure {
  Stage stage = Stage::monitor;
  int error_number = 0;
  uint32_t operation = 0;  // number in ops.def
  uint32_t index = 0;      // in the plan
  std::string subject;
  std::string detail;
};

// A failure of the monitor itself while it carried out the operation `op`.
StartFailure monitor_failure(const Plan &plan, Op op, const Error &error);

// For records and logs; the ERROR frame carries the parts.
std::string describe(const StartFailure &failure);

// Sends the ERROR frame.
void report_failure(int control, const StartFailure &failure);

}  // namespace sampan
