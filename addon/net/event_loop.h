// SPDX-License-Identifier: Apache-2.0
// The event loop of the network process: descriptors (addon/sys/poller.h), timers, and work that is done once at the
// end of each turn. One thread. All networks and published ports of a process live on one loop.
//
//   EventLoop loop;
//   if (!loop.open()) ...;
//   loop.watch(listener, listener_fd, EPOLLIN);   // a Watch: ready(events) is called
//   loop.arm(idle_timer, 30'000);                 // a Timer: expired() is called once
//   while (!over) loop.turn();
//
// Order within a turn: events, then expired timers, then TurnEnds. A Watch or Timer that is being served must stay in
// memory meanwhile: those that end themselves are freed by a TurnEnd.
#pragma once

#include <cstdint>

#include "addon/net/timer_wheel.h"
#include "addon/sys/poller.h"
#include "addon/sys/result.h"

namespace sampan::net {

// Somebody who is called at the end of every turn: to flush what was collected, to give memory back. Returns true
// when work is left: then the next turn does not wait for events.
class TurnEnd {
 public:
  virtual bool turn_end() = 0;
  // One step of what can wait until there is nothing else to do; all of them are done before the loop sleeps. False:
  // there was none.
  virtual bool idle_step() { return false; }

 protected:
  TurnEnd() = default;
  TurnEnd(const TurnEnd &) = delete;
  TurnEnd &operator=(const TurnEnd &) = delete;
  ~TurnEnd() = default;

 private:
  friend class EventLoop;
  TurnEnd *next_ = nullptr;
};

class EventLoop {
 public:
  Status open();

  // As Poller::want: may be called again with other events; false when the kernel refuses.
  bool watch(Watch &watch, int fd, uint32_t events) { return poller_.want(watch, fd, events); }
  // To be called before the descriptor is closed.
  void forget(Watch &watch, int fd) { poller_.forget(watch, fd); }
  // As Poller::closing: the descriptor is closed before anything else is done.
  void closing(Watch &watch) { poller_.closing(watch); }

  // Calls timer.expired() once, not before delay_ms from the start of this turn. An armed timer is moved.
  void arm(Timer &timer, uint64_t delay_ms) { wheel_.arm(timer, now_ms_ + delay_ms); }
  void disarm(Timer &timer) { wheel_.disarm(timer); }

  void add(TurnEnd &work);
  // Not from within turn_end().
  void remove(TurnEnd &work);

  // CLOCK_MONOTONIC, read once per turn.
  uint64_t now_ms() const { return now_ms_; }
  // Grows with every turn.
  uint64_t turn_number() const { return turn_number_; }
  // Everything that was ready is part of this turn.
  bool collected_all() const { return poller_.collected_all(); }

  // A small message was passed on in this turn: the next one is likely to come at once, so the next turn looks for it
  // for some microseconds before it sleeps. Waking up costs more than that.
  void expect_answer() { answer_expected_ = true; }
  // What came in this turn is not what was expected.
  void keep_expecting() { answer_expected_ |= was_expected_; }

  // There is something for idle_step(). It waits for some turns at most.
  void note_idle_work() {
    if (!has_idle_work_) idle_work_due_ = turn_number_ + kIdleTurns;
    has_idle_work_ = true;
  }

  // Waits for events, serves one batch and all that is due.
  void turn();

 private:
  static constexpr uint64_t kIdleTurns = 8;

  int timeout_ms() const;
  bool comes_at_once();
  bool step_while_idle();
  bool find_events();
  bool look_for_answer();

  Poller poller_;
  TimerWheel wheel_;
  TurnEnd *turn_ends_ = nullptr;
  uint64_t now_ms_ = 0;
  uint64_t turn_number_ = 0;
  unsigned vain_looks_ = 0;  // how often nothing came in time, of late
  bool may_look_ = false;    // there are processors for others meanwhile
  bool answer_expected_ = false;
  bool was_expected_ = false;
  uint64_t idle_work_due_ = 0;
  bool has_idle_work_ = false;
  bool work_left_ = false;
};

}  // namespace sampan::net
