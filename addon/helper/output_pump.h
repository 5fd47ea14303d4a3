// SPDX-License-Identifier: Apache-2.0
// One output stream of the container (stdout, stderr, or its terminal): read, give to the clients, log.
//
// How this works: one chunk is read at a time, and the next only when every client has taken it. So a slow client slows
// the container down, as a slow terminal would, nothing is ever dropped, and the memory for it is one chunk, however
// many clients there are. When the process is over, what is left in the pipe goes to the log at once and is kept as the
// tail, which each client then takes at its own pace: the exit record does not wait for a client that does not read.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "addon/helper/json_log.h"
#include "addon/helper/page_buffer.h"
#include "addon/protocol/frames.h"
#include "addon/sys/poller.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// Those who get the output.
class Audience {
 public:
  // Gives a chunk to everybody; returns how many could not take it yet and will call taken() later.
  virtual size_t offer(OutputStream stream, std::string_view chunk) = 0;

 protected:
  ~Audience() = default;
};

class OutputPump final : public Watch {
 public:
  OutputPump(OutputStream stream, Poller &poller, JsonLog &log, Audience &audience)
      : stream_(stream), poller_(poller), log_(log), audience_(audience) {}

  // Starts reading. The descriptor is non-blocking.
  void open(unique_fd fd);
  void ready(uint32_t events) override;

  // What those who were not able to take it are waiting for.
  std::string_view chunk() const { return {buffer_.get(), size_}; }
  // One of them has taken it, or has gone.
  void taken();

  // Gives memory back when there is nothing to send.
  void release_memory() {
    if (waiting_ == 0) buffer_.release();
  }

  // The process is over: reads what is left and closes the stream.
  void drain();
  std::string_view tail() const { return {tail_.data(), tail_.size()}; }

 private:
  void close();
  size_t bytes_left() const;

  const OutputStream stream_;
  Poller &poller_;
  JsonLog &log_;
  Audience &audience_;
  unique_fd fd_;
  PageBuffer buffer_{kMaxFramePayload};
  size_t size_ = 0;
  size_t waiting_ = 0;
  std::vector<char> tail_;
};

}  // namespace sampan
