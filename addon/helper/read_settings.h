// SPDX-License-Identifier: Apache-2.0
// From the monitor-stage operations of a plan to Settings.
#pragma once

#include "addon/helper/settings.h"
#include "addon/protocol/plan.h"

namespace sampan {

// Strings and lists of the result point into the plan.
Settings read_settings(const Plan &plan);

}  // namespace sampan
