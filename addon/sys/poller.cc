// SPDX-License-Identifier: Apache-2.0
#include "addon/sys/poller.h"

namespace sampan {

Status Poller::open() {
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  return epoll_ ? Status() : last_error("epoll_create1");
}

bool Poller::want(Watch &watch, int fd, uint32_t events) {
  if (watch.watched_ && watch.events_ == events) return true;
  struct epoll_event event = {};
  event.events = events;
  event.data.ptr = &watch;
  // Fails for lack of memory or of watches only: then the next change tries again.
  if (epoll_ctl(epoll_.get(), watch.watched_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0) return false;
  watch.watched_ = true;
  watch.events_ = events;
  return true;
}

void Poller::forget(Watch &watch, int fd) {
  if (watch.watched_) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  watch.watched_ = false;
}

void Poller::collect(int timeout_ms) { collected_ = epoll_wait(epoll_.get(), events_, kBatch, timeout_ms); }

bool Poller::serve() {
  for (int i = 0; i < collected_; ++i) {
    auto *watch = static_cast<Watch *>(events_[i].data.ptr);
    // Forgotten by what served an earlier event of this batch.
    if (watch->watched_) watch->ready(events_[i].events);
  }
  return collected_ != 0;
}

}  // namespace sampan
