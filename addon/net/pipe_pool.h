// SPDX-License-Identifier: Apache-2.0
// Pipes for splice(2). A relay holds one only while data is stuck in it, so that a handful serves thousands of
// connections; a user has 64 MB of large pipes altogether (pipe(7), pipe-user-pages-soft).
#pragma once

#include <cstddef>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

struct Pipe {
  unique_fd out;  // to be read from
  unique_fd in;   // to be written to
};

class PipePool {
 public:
  // An empty pipe, non-blocking and close-on-exec.
  Result<Pipe> take();
  // Only an empty one.
  void give(Pipe pipe);

 private:
  static constexpr size_t kKept = 8;
  static constexpr int kSize = 1 << 20;

  Pipe kept_[kKept];
  size_t count_ = 0;
};

}  // namespace sampan::net
