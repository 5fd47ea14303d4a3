// SPDX-License-Identifier: Apache-2.0
// capget(2) and capset(2), which take each set as two 32-bit halves.
#include "addon/helper/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sampan {

namespace {

uint64_t join(uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; }
uint32_t low(uint64_t mask) { return static_cast<uint32_t>(mask); }
uint32_t high(uint64_t mask) { return static_cast<uint32_t>(mask >> 32); }

}  // namespace

Result<CapabilitySets> get_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return last_error("capget");
  return CapabilitySets{.effective = join(data[0].effective, data[1].effective),
                        .permitted = join(data[0].permitted, data[1].permitted),
                        .inheritable = join(data[0].inheritable, data[1].inheritable)};
}

Status put_capabilities(const CapabilitySets &sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct data[2] = {{low(sets.effective), low(sets.permitted), low(sets.inheritable)},
                                          {high(sets.effective), high(sets.permitted), high(sets.inheritable)}};
  if (::syscall(SYS_capset, &header, data) != 0) return last_error("capset");
  return {};
}

}  // namespace sampan
