// SPDX-License-Identifier: Apache-2.0
#include "addon/net/event_loop.h"

#include <time.h>

#include <algorithm>
#include <climits>

namespace sampan::net {

namespace {

uint64_t monotonic_ms() {
  struct timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1'000'000;
}

}  // namespace

Status EventLoop::open() {
  now_ms_ = monotonic_ms();
  wheel_.start(now_ms_);
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
  poller_.collect(timeout_ms());
  now_ms_ = monotonic_ms();
  poller_.serve();
  wheel_.advance(now_ms_);
  work_left_ = false;
  for (TurnEnd *work = turn_ends_; work != nullptr; work = work->next_) work_left_ |= work->turn_end();
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
