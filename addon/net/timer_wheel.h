// SPDX-License-Identifier: Apache-2.0
// All timers of a process in one hierarchical wheel: arming and disarming is O(1) and allocates nothing, and the
// next expiry is known without a search, so that one epoll timeout serves ten thousand connections.
//
// How this works: time is a number of ticks (milliseconds), read as digits of base 64. A timer lies on the level of the
// highest digit in which its deadline differs from now, in the slot of that digit's value. So the lowest level that is
// not empty holds the earliest deadline, and when its slot is reached, its timers fire or fall to a lower level.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampan::net {

// Somebody who wants to be called later. Disarm it before it is destroyed.
class Timer {
 public:
  virtual void expired() = 0;
  bool armed() const { return previous_ != nullptr; }
  uint64_t deadline_ms() const { return deadline_; }

 protected:
  Timer() = default;
  Timer(const Timer &) = delete;
  Timer &operator=(const Timer &) = delete;
  ~Timer() = default;

 private:
  friend class TimerWheel;
  Timer *next_ = nullptr;
  Timer **previous_ = nullptr;  // what points to us; null when not armed
  uint64_t deadline_ = 0;
};

class TimerWheel {
 public:
  // To be called once, before the first timer.
  void start(uint64_t now_ms) { now_ = now_ms; }

  // Calls timer.expired() at deadline_ms, or with the next advance() when that has passed. Moves an armed timer.
  void arm(Timer &timer, uint64_t deadline_ms);
  void disarm(Timer &timer);

  // A time not after the earliest deadline, at which advance() should be called; UINT64_MAX when no timer is armed.
  uint64_t next_ms() const;
  // Calls what has expired. A timer armed meanwhile fires too when its deadline is not after now_ms.
  void advance(uint64_t now_ms);

 private:
  static constexpr unsigned kBits = 6;
  static constexpr unsigned kSlots = 1U << kBits;
  static constexpr unsigned kLevels = 7;  // 2^42 ms

  void insert(Timer &timer);
  void serve_slot(unsigned level, unsigned slot);

  uint64_t now_ = 0;
  uint64_t occupied_[kLevels] = {};
  Timer *slots_[kLevels][kSlots] = {};
};

}  // namespace sampan::net
