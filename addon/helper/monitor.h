// SPDX-License-Identifier: Apache-2.0
// The monitor role (create, exec): one per running container or exec session.
#pragma once

#include "addon/helper/settings.h"
#include "addon/protocol/plan.h"

namespace sampan {

// Runs one process from clone to exit record. `control` is the connection to the client that asked (descriptor 4).
// Returns the exit status of the monitor itself: 0 when everything was recorded.
int monitor_main(const Settings &settings, const Plan &plan, int control);

}  // namespace sampan
