// SPDX-License-Identifier: Apache-2.0
// Features of network devices that have no request of their own in rtnetlink(7).
#pragma once

#include <string_view>

#include "addon/sys/result.h"

namespace sampan::sys {

// Turns a feature of an interface of the caller's network namespace on or off, by the name that ethtool(8) shows.
// EOPNOTSUPP: this kernel does not know it, or the device does not let it be changed.
Status set_feature(const char *interface_name, std::string_view feature, bool on);

}  // namespace sampan::sys
