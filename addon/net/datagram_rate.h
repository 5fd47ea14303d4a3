// SPDX-License-Identifier: Apache-2.0
// Decides when the kernel shall join the datagrams of containers before they reach us: while so many come one by one
// that the work saved is worth the delay.
#pragma once

#include <cstdint>

#include "addon/net/event_loop.h"

namespace sampan::net {

// Whoever can have datagrams joined.
class DatagramJoiner {
 public:
  // False: it cannot be done here; not asked again.
  virtual bool join_datagrams(bool on) = 0;

 protected:
  ~DatagramJoiner() = default;
};

class DatagramRate final : Timer {
 public:
  static constexpr uint64_t kPeriodMs = 100;
  DatagramRate(EventLoop &loop, DatagramJoiner *joiner, uint64_t period_ms = kPeriodMs)
      : loop_(loop), joiner_(joiner), period_ms_(period_ms) {}
  ~DatagramRate();

  // `count` datagrams came in one frame.
  void came(uint32_t count) {
    if (joiner_ == nullptr) return;
    all_ += count;
    if (count == 1) ++single_;
    if (!armed()) loop_.arm(*this, period_ms_);
  }

 private:
  void expired() override;
  void ask(bool on);

  EventLoop &loop_;
  DatagramJoiner *joiner_;  // null: nobody can
  uint64_t period_ms_;
  uint32_t all_ = 0;  // in this period
  uint32_t single_ = 0;
  uint32_t calm_ = 0;   // periods since there was much
  uint32_t asked_ = 0;  // periods since it was asked for
  bool on_ = false;
};

}  // namespace sampan::net
