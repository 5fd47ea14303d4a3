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
  closing(watch);
}

void Poller::drop_collected(const Watch &watch) {
  for (int i = next_; i < collected_; ++i) {
    if (events_[i].data.ptr == &watch) events_[i].data.ptr = nullptr;
  }
}

void Poller::collect(int timeout_ms) {
  collected_ = epoll_wait(epoll_.get(), events_, kBatch, timeout_ms);
  next_ = 0;
}

bool Poller::serve() {
  while (next_ < collected_) {
    const struct epoll_event event = events_[next_++];
    if (event.data.ptr != nullptr) static_cast<Watch *>(event.data.ptr)->ready(event.events);
  }
  return collected_ != 0;
}

}  // namespace sampan
