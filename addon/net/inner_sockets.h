// SPDX-License-Identifier: Apache-2.0
// Sockets that live in a network's namespace while their owner lives on the host. Going there costs a clone(2), so they
// are made a few at a time, more the more are taken.
#pragma once

#include <cstddef>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

class InnerSockets {
 public:
  // The descriptor of the network namespace stays the caller's.
  explicit InnerSockets(int network_namespace) : network_namespace_(network_namespace) {}

  // AF_INET or AF_INET6, SOCK_STREAM or SOCK_DGRAM. Non-blocking, close-on-exec, and transparent (ip(7),
  // IP_TRANSPARENT): may be bound to the address of a client somewhere else.
  Result<unique_fd> take(int family, int type);

 private:
  static constexpr size_t kMost = 32;
  struct Shelf {
    unique_fd sockets[kMost];
    size_t count = 0;
    size_t batch = 1;
  };

  Status fill(Shelf &shelf, int family, int type) const;

  int network_namespace_;
  Shelf shelves_[4];
};

}  // namespace sampan::net
