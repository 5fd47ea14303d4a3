// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/poller.h"

namespace sampan {

Status Poller::open() {
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  return epoll_ ? Status() : last_error("epoll_create1");
}

void Poller::want(Watch &watch, int fd, uint32_t events) {
  if (watch.watched_ && watch.events_ == events) return;
  struct epoll_event event = {};
  event.events = events;
  event.data.ptr = &watch;
  // Fails for lack of memory only: then the events stay what they were, and the next change tries again.
  if (epoll_ctl(epoll_.get(), watch.watched_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0) return;
  watch.watched_ = true;
  watch.events_ = events;
}

void Poller::forget(Watch &watch, int fd) {
  if (watch.watched_) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  watch.watched_ = false;
}

bool Poller::wait(int timeout_ms) {
  constexpr int kBatch = 16;
  struct epoll_event events[kBatch];
  const int count = epoll_wait(epoll_.get(), events, kBatch, timeout_ms);
  for (int i = 0; i < count; ++i) {
    auto *watch = static_cast<Watch *>(events[i].data.ptr);
    // Forgotten by what served an earlier event of this batch.
    if (watch->watched_) watch->ready(events[i].events);
  }
  return count != 0;
}

}  // namespace sampan
