// SPDX-License-Identifier: Apache-2.0
// Sockets that live in a network's namespace while their owner lives on the host. Going there costs a clone(2), so they
// are made a few at a time, more the more are taken.
#pragma once

#include <cstddef>
#include <span>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

// Opens transparent sockets in the network namespace behind the descriptor, with rights over it. Fewer than wanted when
// descriptors are short: `opened` says how many.
Status open_inner_sockets(int network_namespace, int family, int type, std::span<unique_fd> sockets, size_t *opened);

// Whoever may do that for one network.
class InnerSocketSource {
 public:
  virtual Status open(int family, int type, std::span<unique_fd> sockets, size_t *opened) = 0;

 protected:
  ~InnerSocketSource() = default;
};

class InnerSockets {
 public:
  explicit InnerSockets(InnerSocketSource &source) : source_(source) {}

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

  Status fill(Shelf &shelf, int family, int type);

  InnerSocketSource &source_;
  Shelf shelves_[4];
};

}  // namespace sampan::net
