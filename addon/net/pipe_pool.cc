// SPDX-License-Identifier: Apache-2.0
#include "addon/net/pipe_pool.h"

#include <fcntl.h>

#include <utility>

namespace sampan::net {

Result<Pipe> PipePool::take() {
  if (count_ > 0) return std::move(kept_[--count_]);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return last_error("pipe2");
  Pipe pipe{unique_fd(ends[0]), unique_fd(ends[1])};
  enlarge(pipe);
  return pipe;
}

bool PipePool::has_large() {
  if (count_ > 0 && kept_[count_ - 1].is_large) return true;
  if (patience_ > 0) {
    --patience_;
    return false;
  }
  auto pipe = take();
  if (!pipe) return false;
  if (!pipe.value().is_large) enlarge(pipe.value());
  const bool is_large = pipe.value().is_large;
  if (!is_large) patience_ = kPatience;
  give(pipe.take());
  return is_large;
}

void PipePool::give(Pipe pipe) {
  if (count_ == kKept) return;
  if (!pipe.is_large && count_ > 0) std::swap(pipe, kept_[0]);
  kept_[count_++] = std::move(pipe);
}

// Beyond the user's share of pipe memory it stays small: slower, not wrong.
void PipePool::enlarge(Pipe &pipe) { pipe.is_large = ::fcntl(pipe.in.get(), F_SETPIPE_SZ, kSize) >= kSize; }

}  // namespace sampan::net
