// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/stdin_pump.h"

#include <unistd.h>

#include <cerrno>

namespace sampan {

void StdinPump::push(size_t size) {
  if (!is_open()) return;
  start_ = 0;
  end_ = size;
  write_some();
}

void StdinPump::end() {
  ending_ = true;
  if (!busy()) close();
}

void StdinPump::close() {
  if (fd_) poller_.forget(*this, fd_.get());
  fd_.reset();
  start_ = end_ = 0;
}

void StdinPump::ready(uint32_t) {
  write_some();
  if (!busy()) listener_.stdin_ready();
}

void StdinPump::write_some() {
  while (busy()) {
    const ssize_t size = write(fd_.get(), buffer_.get() + start_, end_ - start_);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) {
      poller_.want(*this, fd_.get(), EPOLLOUT);
      return;
    }
    if (size < 0) {
      // EPIPE: the process has closed its stdin, nobody will ever read this or what follows.
      close();
      return;
    }
    start_ += static_cast<size_t>(size);
  }
  poller_.forget(*this, fd_.get());
  if (ending_) close();
}

}  // namespace sampan
