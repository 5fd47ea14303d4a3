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
  // Beyond the user's share of pipe memory it stays small: slower, not wrong.
  (void)::fcntl(pipe.in.get(), F_SETPIPE_SZ, kSize);
  return pipe;
}

void PipePool::give(Pipe pipe) {
  if (count_ < kKept) kept_[count_++] = std::move(pipe);
}

}  // namespace sampan::net
