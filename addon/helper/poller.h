// SPDX-License-Identifier: Apache-2.0
// The monitor's event loop: level-triggered epoll over a few descriptors, each with the object that serves it.
#pragma once

#include <sys/epoll.h>

#include <cstdint>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// Somebody who serves one descriptor. Must outlive the batch of events it is part of (see Poller::wait).
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

  // Events that `watch` wants from now on. 0 still reports EPOLLHUP and EPOLLERR; forget() does not.
  void want(Watch &watch, int fd, uint32_t events);
  // To be called before the descriptor is closed.
  void forget(Watch &watch, int fd);

  // Waits and serves one batch of events; timeout_ms -1 waits for ever. False: nothing happened in that time.
  bool wait(int timeout_ms);

 private:
  unique_fd epoll_;
};

}  // namespace sampan
