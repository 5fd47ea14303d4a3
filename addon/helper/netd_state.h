// SPDX-License-Identifier: Apache-2.0
// What netd says of itself: its networks with their counters, and the containers in them, as JSON.
#pragma once

#include <string>

#include "addon/helper/netd_network.h"

namespace sampan {

class NetdState {
 public:
  void add(const NetdNetwork &network);
  void add(const ContainerDescription &container);
  std::string to_json() const { return "{\"networks\":[" + networks_ + "],\"containers\":[" + containers_ + "]}"; }

 private:
  std::string networks_;
  std::string containers_;
};

}  // namespace sampan
