// SPDX-License-Identifier: Apache-2.0
// Keys of hashes that others must not foresee.
#pragma once

#include <sys/random.h>

#include "addon/net/siphash.h"
#include "addon/sys/result.h"

namespace sampan::net {

// #syscalls: getrandom
inline Result<SipKey> random_key() {
  SipKey key;
  if (::getrandom(&key, sizeof key, 0) != sizeof key) return last_error("getrandom");
  return key;
}

}  // namespace sampan::net
