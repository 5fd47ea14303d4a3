// SPDX-License-Identifier: Apache-2.0
// A monitor that has lost netd finds the next one, or starts it: without Node, from the plan that the lost one ran.
#pragma once

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

struct NetdOrigin {
  int plan = -1;
  int directory = -1;
  int user_namespace = -1;  // of the lost one
};

// In the background. Whether it has come about shows when one connects; of several that are started one stays.
void start_netd(const NetdOrigin &origin);

// A connection to the netd that serves in the directory.
Result<unique_fd> connect_to_netd(int directory);

}  // namespace sampan
