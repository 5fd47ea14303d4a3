// SPDX-License-Identifier: Apache-2.0
// The event loop's heart: epoll over descriptors, each with the object that serves it. The monitor uses it as it is;
// addon/net/event_loop.h adds timers.
#pragma once

#include <sys/epoll.h>

#include <cstdint>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// Somebody who serves one descriptor. Forget it before it is destroyed; not while it is being served.
class Watch {
 public:
  virtual void ready(uint32_t events) = 0;

 protected:
  Watch() = default;
  Watch(const Watch &) = delete;
  Watch &operator=(const Watch &) = delete;
  ~Watch() = default;

 private:
  friend class Poller;
  bool watched_ = false;
  uint32_t events_ = 0;
};

class Poller {
 public:
  Status open();

  // Events that `watch` wants from now on, level-triggered unless EPOLLET is among them. 0 still reports EPOLLHUP and
  // EPOLLERR; forget() does not. False: no memory, or the user watches too much; the events stay what they were.
  bool want(Watch &watch, int fd, uint32_t events);
  // To be called before the descriptor is closed. What was collected for it already is not served.
  void forget(Watch &watch, int fd);
  // The same without a system call, for a descriptor that is closed right away and of which there is no duplicate: then
  // the kernel forgets it too, epoll(7).
  void closing(Watch &watch) {
    watch.watched_ = false;
    drop_collected(watch);
  }

  // Waits and serves one batch of events; timeout_ms -1 waits for ever. False: nothing happened in that time.
  bool wait(int timeout_ms) {
    collect(timeout_ms);
    return serve();
  }
  // The same in two steps, for a loop that has something to do in between.
  void collect(int timeout_ms);
  bool serve();
  bool collected_any() const { return collected_ > 0; }
  // There may be more than what was collected.
  bool collected_all() const { return collected_ < kBatch; }

 private:
  static constexpr int kBatch = 64;

  void drop_collected(const Watch &watch);

  unique_fd epoll_;
  int collected_ = 0;
  int next_ = 0;  // of those that were collected, the first that was not served
  struct epoll_event events_[kBatch];
};

}  // namespace sampan
