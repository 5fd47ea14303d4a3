// SPDX-License-Identifier: Apache-2.0
// How many a descriptor is asked for in one turn. What comes one by one is taken one by one, so that nobody asks a
// second time only to hear that there is nothing; the descriptor is watched level-triggered.
#pragma once

#include <cstdint>

namespace sampan::net {

class TurnBatch {
 public:
  explicit TurnBatch(int most) : most_(most) {}

  // The most to take in this turn.
  int begin(uint64_t turn_number) {
    // Ready again at once: there was more than one.
    const bool again = turn_number == last_turn_ + 1;
    last_turn_ = turn_number;
    return single_ && !again ? 1 : most_;
  }
  void end(int taken) { single_ = taken <= 1; }

 private:
  int most_;
  bool single_ = false;
  uint64_t last_turn_ = 0;
};

}  // namespace sampan::net
