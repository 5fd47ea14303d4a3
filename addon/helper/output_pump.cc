// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/output_pump.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sampan {

void OutputPump::open(unique_fd fd) {
  fd_ = std::move(fd);
  poller_.want(*this, fd_.get(), EPOLLIN);
}

void OutputPump::ready(uint32_t) {
  const ssize_t size = read(fd_.get(), buffer_.get(), kMaxFramePayload);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // A pty master fails with EIO when nobody has the terminal open any more.
  if (size <= 0) {
    close();
    return;
  }
  size_ = static_cast<size_t>(size);
  waiting_ = audience_.offer(stream_, chunk());
  log_.append(stream_, chunk());
  // Forgotten instead of wanting nothing, because a hang-up is reported all the same, over and over.
  if (waiting_ > 0) poller_.forget(*this, fd_.get());
}

void OutputPump::taken() {
  if (--waiting_ == 0 && fd_) poller_.want(*this, fd_.get(), EPOLLIN);
}

void OutputPump::drain() {
  if (!fd_) return;
  // Bounded, because a process that outlives an exec'ed one may go on writing to the pipe it has inherited.
  size_t left = bytes_left();
  while (left > 0) {
    constexpr size_t kStep = size_t{16} * 1024;
    const size_t before = tail_.size();
    tail_.resize(before + std::min(left, kStep));
    const ssize_t size = read(fd_.get(), tail_.data() + before, tail_.size() - before);
    const size_t got = size > 0 ? static_cast<size_t>(size) : 0;
    tail_.resize(before + got);
    if (size < 0 && errno == EINTR) continue;
    if (got == 0) break;
    log_.append(stream_, tail().substr(before));
    left -= got;
  }
  close();
}

// How much the process can have left behind. Pipes know (pipe(7): FIONREAD). A terminal does not say what is still in
// its queues, but they hold far less than this.
size_t OutputPump::bytes_left() const {
  constexpr size_t kTerminalQueues = size_t{1} << 20;
  int size = 0;
  if (isatty(fd_.get()) != 0 || ioctl(fd_.get(), FIONREAD, &size) < 0) return kTerminalQueues;
  return static_cast<size_t>(size);
}

void OutputPump::close() {
  poller_.forget(*this, fd_.get());
  fd_.reset();
}

}  // namespace sampan
