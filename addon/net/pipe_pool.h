// SPDX-License-Identifier: Apache-2.0
// Pipes for splice(2). A relay holds one only while data is stuck in it, so that a handful serves thousands of
// connections; a user has 64 MB of large pipes altogether (pipe(7), pipe-user-pages-soft). Beyond that pipes are two
// pages small, and copying is faster than splicing through them.
#pragma once

#include <cstddef>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

struct Pipe {
  unique_fd out;  // to be read from
  unique_fd in;   // to be written to
  bool is_large = false;
};

class PipePool {
 public:
  // An empty pipe, non-blocking and close-on-exec, as large as can be had.
  Result<Pipe> take();
  // The next one is large. The kernel is asked again only now and then.
  bool has_large();
  // Only an empty one.
  void give(Pipe pipe);

 private:
  static constexpr size_t kKept = 8;
  static constexpr int kSize = 1 << 20;
  static constexpr unsigned kPatience = 64;

  static void enlarge(Pipe &pipe);

  Pipe kept_[kKept];  // small ones first
  size_t count_ = 0;
  unsigned patience_ = 0;
};

}  // namespace sampan::net
