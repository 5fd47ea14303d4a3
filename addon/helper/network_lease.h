// SPDX-License-Identifier: Apache-2.0
// The monitor's side of a container's network: a connection to netd that stands for the container. While it is open,
// netd keeps the container's interfaces, addresses and names; when it closes, they go.
//
// How this works: enter() gets the user namespace of netd, in which the container's own is made; attach() hands over
// the container's network namespace while the init process builds its root, and wait_attached() is where the two meet.
// The description was decided in TypeScript and passes through unread. What netd says has become true is kept with the
// descriptors that hold it alive: when netd is gone, the bridges and the interfaces are still there, and the next netd,
// which this monitor starts from netd's own plan unless another one was faster, takes them over (NET_RESUME).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "addon/helper/frame_io.h"
#include "addon/helper/netd_description.h"
#include "addon/sys/poller.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

class NetworkLease final : public Watch {
 public:
  NetworkLease() : timer_watch_(*this) {}

  // The connection is ours from here on; the directory of netd's socket is borrowed.
  void open(unique_fd connection, int directory);
  bool is_open() const { return directory_ >= 0; }

  // The user namespace to be born in. Here as below, ECONNRESET: there is no netd now; who keeps the lease will have
  // one.
  Result<unique_fd> enter(std::string_view description);
  Status attach(unique_fd network_namespace);
  // Until the interfaces are there.
  Status wait_attached();
  // Lines that tell which ports of the host the container's are published at.
  std::string published() const { return published_lines(description_); }

  // From now on events keep the lease, also over the end of a netd.
  Status keep(Poller &poller);
  // The container has ended.
  void close();

  // netd has something to say, or is gone.
  void ready(uint32_t events) override;

 private:
  struct TimerWatch final : public Watch {
    explicit TimerWatch(NetworkLease &owner) : lease(owner) {}
    void ready(uint32_t) override { lease.retry(); }
    NetworkLease &lease;
  };

  Status receive(FrameType expected, std::vector<unique_fd> &descriptors);
  Error broken(const char *call);
  void lose();
  void retry();
  bool resume();
  void arm(int64_t delay_ms);

  int directory_ = -1;
  unique_fd connection_;
  unique_fd network_namespace_;
  std::string description_;            // what netd has made true, for the next netd
  std::vector<unique_fd> namespaces_;  // netd's user namespace and plan, then the namespace of each network

  Poller *poller_ = nullptr;
  TimerWatch timer_watch_;
  unique_fd timer_;
  unsigned attempts_ = 0;
};

}  // namespace sampan
