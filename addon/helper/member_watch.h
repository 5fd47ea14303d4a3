// SPDX-License-Identifier: Apache-2.0
// Serves a descriptor with a member function, for owners of several descriptors.
#pragma once

#include <cstdint>

#include "addon/sys/poller.h"

namespace sampan {

template <typename Owner>
class MemberWatch final : public Watch {
 public:
  using Function = void (Owner::*)();
  MemberWatch(Owner &owner, Function function) : owner_(owner), function_(function) {}
  void ready(uint32_t) override { (owner_.*function_)(); }

 private:
  Owner &owner_;
  Function function_;
};

}  // namespace sampan
