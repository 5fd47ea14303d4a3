// SPDX-License-Identifier: Apache-2.0
// One probe of a health check: a process in the container like one of `exec`, its output, its end, its time limit.
//
// How this works: start() clones it into the container's namespaces (launch.h), and from there everything is an event:
// the link tells whether its command could be executed, the pipe brings stdout and stderr, and the monitor, whose child
// it is, says when it was reaped. When the time is over its process group is killed (docker kills the command alone and
// leaves what a shell has started); the result still waits for the end, so that probes do not pile up. What a command
// leaves behind in the background when it ends in time is the container's, as with docker.
#pragma once

#include <sys/types.h>

#include <string>

#include "addon/helper/health_state.h"
#include "addon/helper/launch.h"
#include "addon/helper/member_watch.h"
#include "addon/helper/settings.h"
#include "addon/protocol/plan.h"
#include "addon/sys/poller.h"

namespace sampan {

class HealthProbe {
 public:
  // docker's limit of the output that is kept.
  static constexpr size_t kMaxOutput = 4096;

  // The plan joins the container; the cgroup is borrowed, -1 without one.
  HealthProbe(Poller &poller, const Plan &plan, int cgroup_fd);

  // `init_pidfd` names the container (borrowed for the call).
  Status start(int init_pidfd);
  bool is_running() const { return process_.pid > 0; }
  bool is(pid_t pid) const { return is_running() && process_.pid == pid; }

  // The time is over.
  void expire(int64_t timeout_ms);
  // It was reaped: exit code and output.
  ProbeResult finish(int wait_status);
  // The container has ended: forgets it.
  void abandon();

 private:
  void take_link();
  void take_output();
  bool read_output();
  void close_output();
  void close_link();
  std::string output_text() const;

  Poller &poller_;
  const Plan &plan_;
  Settings settings_;
  InitProcess process_;
  unique_fd output_pipe_;
  MemberWatch<HealthProbe> link_watch_;
  MemberWatch<HealthProbe> output_watch_;
  std::string output_;
  bool truncated_ = false;
  std::string failure_;  // why there is no exit code
  struct timespec start_ = {};
};

}  // namespace sampan
