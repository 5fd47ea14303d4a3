// SPDX-License-Identifier: Apache-2.0
// Descriptors that connections of containers cannot take: leases, namespaces and new networks need some, too, and one
// container must not be able to keep others from starting.
//
// How this works: the soft limit lies below the hard one, except while a request is served. What was opened above it
// stays open.
#pragma once

#include <sys/resource.h>

namespace sampan {

class DescriptorReserve {
 public:
  // Once, before anything is served: every connection of a container is a socket of ours, so the limit is the highest
  // that the kernel gives, less the reserve.
  static void keep() { set(hard_limit(), kReserve); }

  DescriptorReserve() { set(hard_limit(), 0); }
  ~DescriptorReserve() { keep(); }
  DescriptorReserve(const DescriptorReserve &) = delete;
  DescriptorReserve &operator=(const DescriptorReserve &) = delete;

 private:
  static constexpr rlim_t kReserve = 128;

  static rlim_t hard_limit() {
    struct rlimit limit = {};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : 0;
  }
  // What the kernel refuses stays as it was: fewer connections at once, which the stack reports.
  static void set(rlim_t hard, rlim_t reserve) {
    if (hard <= 2 * reserve) return;
    const struct rlimit limit = {hard - reserve, hard};
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
  }
};

}  // namespace sampan
