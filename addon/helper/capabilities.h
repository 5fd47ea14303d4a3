// SPDX-License-Identifier: Apache-2.0
// Capability sets of this process as bit masks (capabilities(7)).
#pragma once

#include <cstdint>

#include "addon/sys/result.h"

namespace sampan {

struct CapabilitySets {
  uint64_t effective = 0;
  uint64_t permitted = 0;
  uint64_t inheritable = 0;
};

Result<CapabilitySets> get_capabilities();
Status put_capabilities(const CapabilitySets &sets);

}  // namespace sampan
