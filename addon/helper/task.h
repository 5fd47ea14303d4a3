// SPDX-License-Identifier: Apache-2.0
// The task role: a plan that does something in a user namespace (unpack a layer, remove a tree) and ends.
#pragma once

#include "addon/helper/settings.h"
#include "addon/protocol/plan.h"

namespace sampan {

// Answers with one RESULT or ERROR frame on `control`. When the client goes away first, the work is killed. Returns the
// exit status of this process: 0 when the task was done.
int task_main(const Settings &settings, const Plan &plan, int control);

}  // namespace sampan
