// SPDX-License-Identifier: Apache-2.0
#include "addon/net/timer_wheel.h"

#include <bit>

namespace sampan::net {

void TimerWheel::arm(Timer &timer, uint64_t deadline_ms) {
  disarm(timer);
  constexpr uint64_t kFarthest = (uint64_t{1} << (kBits * kLevels)) - 1;
  timer.deadline_ = deadline_ms > now_ ? deadline_ms : now_ + 1;
  if (timer.deadline_ > kFarthest) timer.deadline_ = kFarthest;
  insert(timer);
}

void TimerWheel::insert(Timer &timer) {
  const auto highest = static_cast<unsigned>(std::bit_width((timer.deadline_ ^ now_) | 1)) - 1;
  const unsigned level = highest / kBits;
  const unsigned slot = (timer.deadline_ >> (kBits * level)) % kSlots;
  Timer *&head = slots_[level][slot];
  timer.next_ = head;
  timer.previous_ = &head;
  if (head != nullptr) head->previous_ = &timer.next_;
  head = &timer;
  occupied_[level] |= uint64_t{1} << slot;
}

void TimerWheel::disarm(Timer &timer) {
  if (!timer.armed()) return;
  // The slot's bit stays: an empty slot that is served costs less than finding the slot here.
  *timer.previous_ = timer.next_;
  if (timer.next_ != nullptr) timer.next_->previous_ = timer.previous_;
  timer.next_ = nullptr;
  timer.previous_ = nullptr;
}

uint64_t TimerWheel::next_ms() const {
  for (unsigned level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const auto slot = static_cast<uint64_t>(std::countr_zero(occupied_[level]));
    const unsigned above = kBits * (level + 1);
    return (now_ >> above << above) | slot << (kBits * level);
  }
  return UINT64_MAX;
}

void TimerWheel::advance(uint64_t now_ms) {
  for (uint64_t next = next_ms(); next <= now_ms; next = next_ms()) {
    now_ = next;
    for (unsigned level = 0; level < kLevels; ++level) {
      if (occupied_[level] == 0) continue;
      serve_slot(level, static_cast<unsigned>(std::countr_zero(occupied_[level])));
      break;
    }
  }
  if (now_ms > now_) now_ = now_ms;
}

void TimerWheel::serve_slot(unsigned level, unsigned slot) {
  Timer *due = slots_[level][slot];
  slots_[level][slot] = nullptr;
  occupied_[level] &= ~(uint64_t{1} << slot);
  if (due != nullptr) due->previous_ = &due;
  while (due != nullptr) {
    Timer &timer = *due;
    disarm(timer);
    if (timer.deadline_ <= now_) {
      timer.expired();
    } else {
      insert(timer);
    }
  }
}

}  // namespace sampan::net
