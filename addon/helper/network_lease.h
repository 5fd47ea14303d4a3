// SPDX-License-Identifier: Apache-2.0
// The monitor's side of a container's network: a connection to netd that stands for the container. While it is open,
// netd keeps the container's interfaces, addresses and names; when it closes, they go.
//
// How this works: enter() gets the user namespace of netd, in which the container's own is made; attach() hands over
// the container's network namespace while the init process builds its root, and wait_attached() is where the two meet.
// The description was decided in TypeScript and passes through unread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "addon/helper/frame_io.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

class NetworkLease {
 public:
  // The connection is ours from here on.
  void open(unique_fd connection) { connection_ = std::move(connection); }
  bool is_open() const { return static_cast<bool>(connection_); }

  // The user namespace to be born in.
  Result<unique_fd> enter(std::string_view description);
  Status attach(unique_fd network_namespace);
  // Until the interfaces are there.
  Status wait_attached();

 private:
  Status receive(FrameType expected, std::vector<unique_fd> &descriptors);

  unique_fd connection_;
  unique_fd network_namespace_;
  std::string description_;            // what netd has made true, for the next netd
  std::vector<unique_fd> namespaces_;  // netd's user namespace, then one per network: they outlive netd with us
};

}  // namespace sampan
