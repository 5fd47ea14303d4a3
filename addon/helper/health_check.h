// SPDX-License-Identifier: Apache-2.0
// The health check of a running container: when probes are made, what becomes of their results, the health record.
//
// The monitor calls begin() and end() with each run, tick() at deadline(), and reaped() with each of its children. A
// container that is frozen is not probed, and a probe that was caught in it does not count (docker stops probing while
// a container is paused).
#pragma once

#include <cstdint>
#include <memory>

#include "addon/helper/health_probe.h"
#include "addon/helper/health_state.h"
#include "addon/helper/process_identity.h"
#include "addon/protocol/plan.h"
#include "addon/sys/poller.h"

namespace sampan {

class HealthCheck {
 public:
  // Opens and checks the probe's plan, whose descriptors are those of the container's plan.
  static Result<std::unique_ptr<HealthCheck>> open(Poller &poller, const HealthSettings &settings, uint32_t passed,
                                                   int cgroup_fd);

  void begin(const ProcessIdentity &monitor, const ProcessIdentity &init);
  void end();

  // On the monotonic clock; kNever while nothing is due.
  int64_t deadline_ms() const { return deadline_ms_; }
  void tick();
  void reaped(pid_t pid, int wait_status);

  // The last word, for when the container has ended for good, into another directory.
  void write_record(int directory) const;

 private:
  HealthCheck(Poller &poller, const HealthSettings &settings, Plan plan, int cgroup_fd);

  void probe();
  void take_result(ProbeResult result);
  void schedule();
  bool is_frozen() const;
  bool is_ending() const;

  const HealthSettings &settings_;
  const Plan plan_;
  const int cgroup_fd_;
  HealthProbe probe_;
  HealthState state_;
  ProcessIdentity monitor_;
  ProcessIdentity init_;
  unique_fd init_pidfd_;
  int64_t run_began_ms_ = 0;
  int64_t probe_began_ms_ = 0;
  int64_t deadline_ms_ = INT64_MAX;
  bool expired_while_frozen_ = false;
};

}  // namespace sampan
