// SPDX-License-Identifier: Apache-2.0
#include "addon/net/event_loop.h"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <climits>
#include <utility>

namespace sampan::net {

namespace {

// How long an answer is looked for.
constexpr uint64_t kLookNs = 50'000;
// After so many looks in vain there is one more only now and then.
constexpr unsigned kVainLooks = 4;
constexpr unsigned kVainTurns = 256;

uint64_t monotonic_ns() {
  struct timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t monotonic_ms() { return monotonic_ns() / 1'000'000; }

// #syscalls: sched_getaffinity
bool has_several_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 1;
}

}  // namespace

Status EventLoop::open() {
  now_ms_ = monotonic_ms();
  wheel_.start(now_ms_);
  may_look_ = has_several_processors();
  return poller_.open();
}

void EventLoop::add(TurnEnd &work) {
  work.next_ = turn_ends_;
  turn_ends_ = &work;
}

void EventLoop::remove(TurnEnd &work) {
  for (TurnEnd **link = &turn_ends_; *link != nullptr; link = &(*link)->next_) {
    if (*link != &work) continue;
    *link = work.next_;
    return;
  }
}

void EventLoop::turn() {
  if (has_idle_work_ && turn_number_ >= idle_work_due_) has_idle_work_ = step_while_idle();
  if (work_left_ || !find_events()) poller_.collect(timeout_ms());
  was_expected_ = std::exchange(answer_expected_, false);
  ++turn_number_;
  now_ms_ = monotonic_ms();
  poller_.serve();
  wheel_.advance(now_ms_);
  work_left_ = false;
  for (TurnEnd *work = turn_ends_; work != nullptr; work = work->next_) work_left_ |= work->turn_end();
}

bool EventLoop::comes_at_once() {
  poller_.collect(0);
  return poller_.collected_any();
}

bool EventLoop::step_while_idle() {
  for (TurnEnd *work = turn_ends_; work != nullptr; work = work->next_) {
    if (work->idle_step()) return true;
  }
  return false;
}

// True: something came. One step of what can wait is done at once, while an answer is on its way; the rest when none
// has come, or in another such pause.
bool EventLoop::find_events() {
  if (!has_idle_work_) return answer_expected_ && look_for_answer();
  if (comes_at_once()) return true;
  has_idle_work_ = step_while_idle();
  if (answer_expected_ && look_for_answer()) return true;
  while (has_idle_work_) {
    if (comes_at_once()) return true;
    has_idle_work_ = step_while_idle();
  }
  return false;
}

// True: something came. Timers are late by no more than the look, which is less than their unit.
bool EventLoop::look_for_answer() {
  if (!may_look_) return false;
  if (vain_looks_ >= kVainLooks && ++vain_looks_ < kVainTurns) return false;
  const uint64_t end = monotonic_ns() + kLookNs;
  do {
    if (!comes_at_once()) continue;
    vain_looks_ = 0;
    return true;
  } while (monotonic_ns() < end);
  vain_looks_ = vain_looks_ >= kVainLooks ? kVainLooks : vain_looks_ + 1;
  return false;
}

int EventLoop::timeout_ms() const {
  if (work_left_) return 0;
  const uint64_t next = wheel_.next_ms();
  if (next == UINT64_MAX) return -1;
  const uint64_t now = monotonic_ms();
  // epoll_wait(2) rounds up, and the clock was read rounded down: at worst one turn more than needed.
  return next <= now ? 0 : static_cast<int>(std::min<uint64_t>(next - now, INT_MAX));
}

}  // namespace sampan::net
