// SPDX-License-Identifier: Apache-2.0
// The container's stdin: takes one piece of input at a time and writes it to the pipe or the terminal.
//
// While a piece is on its way (busy), the clients' further input stays in their sockets: that is the back-pressure.
#pragma once

#include <cstddef>
#include <string_view>

#include "addon/helper/detach_keys.h"
#include "addon/helper/page_buffer.h"
#include "addon/protocol/frames.h"
#include "addon/sys/poller.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

class StdinListener {
 public:
  // The pump is not busy any more.
  virtual void stdin_ready() = 0;

 protected:
  ~StdinListener() = default;
};

class StdinPump final : public Watch {
 public:
  // Room for one frame and the detach keys that were held back before it.
  static constexpr size_t kCapacity = kMaxFramePayload + DetachKeys::kMaxKeys;

  StdinPump(Poller &poller, StdinListener &listener) : poller_(poller), listener_(listener) {}

  // The descriptor is non-blocking.
  void open(unique_fd fd) { fd_ = std::move(fd); }
  bool is_open() const { return static_cast<bool>(fd_) && !ending_; }
  bool busy() const { return start_ < end_; }

  // Where the caller puts the next piece (kCapacity); only when not busy.
  char *buffer() { return buffer_.get(); }
  // Writes the first `size` bytes of buffer(). After the end of stdin they are dropped.
  void push(size_t size);

  // End of stdin, after what is on its way.
  void end();
  // The process is over: drops what is on its way.
  void close();

  // Gives memory back when nothing is on its way.
  void release_memory() {
    if (!busy()) buffer_.release();
  }

  void ready(uint32_t events) override;

 private:
  void write_some();

  Poller &poller_;
  StdinListener &listener_;
  unique_fd fd_;
  PageBuffer buffer_{kCapacity};
  size_t start_ = 0;
  size_t end_ = 0;
  bool ending_ = false;
};

}  // namespace sampan
