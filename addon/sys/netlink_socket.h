// SPDX-License-Identifier: Apache-2.0
// netlink(7): requests to the kernel, and its acknowledgements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::sys {

// What one answer of the kernel acknowledged.
struct NetlinkAcknowledged {
  size_t count = 0;       // requests, those that failed as well
  int error = 0;          // of the first of them that failed; 0: none did
  uint32_t sequence = 0;  // of that request
};

class NetlinkSocket {
 public:
  // In the network namespace that the caller is in. `name` is what errors are about; it is borrowed for good.
  static Result<NetlinkSocket> open(int protocol, const char *name);

  Status send(std::span<const std::byte> requests);
  // Waits for the next answer.
  Result<NetlinkAcknowledged> receive();

 private:
  NetlinkSocket(unique_fd socket, const char *name) : socket_(std::move(socket)), name_(name) {}

  unique_fd socket_;
  const char *name_;
};

}  // namespace sampan::sys
