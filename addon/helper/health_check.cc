// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/health_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "addon/helper/start_failure.h"
#include "addon/helper/state_file.h"
#include "addon/helper/timestamp.h"
#include "addon/sys/proc.h"
#include "addon/sys/process.h"

namespace sampan {

Result<std::unique_ptr<HealthCheck>> HealthCheck::open(Poller &poller, const HealthSettings &settings, uint32_t passed,
                                                       int cgroup_fd) {
  Result<Plan> plan = Plan::open(settings.plan_fd, passed);
  if (!plan) return plan.error();
  return std::unique_ptr<HealthCheck>(new HealthCheck(poller, settings, plan.take(), cgroup_fd));
}

HealthCheck::HealthCheck(Poller &poller, const HealthSettings &settings, Plan plan, int cgroup_fd)
    : settings_(settings),
      plan_(std::move(plan)),
      cgroup_fd_(cgroup_fd),
      probe_(poller, plan_, cgroup_fd),
      state_(settings) {}

void HealthCheck::begin(const ProcessIdentity &monitor, const ProcessIdentity &init) {
  monitor_ = monitor;
  init_ = init;
  // Our child, and not reaped yet: the number is its.
  init_pidfd_.reset(sys::pidfd_open(init.pid));
  run_began_ms_ = monotonic_ms();
  state_.begin();
  write_record(settings_.directory_fd);
  schedule();
}

void HealthCheck::end() {
  probe_.abandon();
  init_pidfd_.reset();
  deadline_ms_ = INT64_MAX;
  state_.end();
  write_record(settings_.directory_fd);
}

void HealthCheck::tick() {
  if (monotonic_ms() < deadline_ms_) return;
  if (probe_.is_running()) {
    expired_while_frozen_ = is_frozen();
    probe_.expire(settings_.timeout_ms);
    // Until it is reaped.
    deadline_ms_ = INT64_MAX;
  } else if (is_frozen()) {
    schedule();
  } else {
    probe();
  }
}

void HealthCheck::probe() {
  probe_began_ms_ = monotonic_ms();
  expired_while_frozen_ = false;
  const struct timespec start = now();
  const Status started = probe_.start(init_pidfd_.get());
  if (started) {
    deadline_ms_ = probe_began_ms_ + settings_.timeout_ms;
    return;
  }
  if (is_ending()) {
    schedule();
    return;
  }
  const StartFailure failure = monitor_failure(plan_, Op::join_namespaces, started.error());
  take_result({.start = start, .end = now(), .exit_code = -1, .output = describe(failure)});
}

void HealthCheck::reaped(pid_t pid, int wait_status) {
  if (!probe_.is(pid)) return;
  ProbeResult result = probe_.finish(wait_status);
  // A probe that ended with its container, or by our hand while everything stood still, says nothing about it.
  if (expired_while_frozen_ || (result.exit_code != 0 && is_ending())) {
    schedule();
  } else {
    take_result(std::move(result));
  }
}

void HealthCheck::take_result(ProbeResult result) {
  state_.add(std::move(result), probe_began_ms_ - run_began_ms_);
  write_record(settings_.directory_fd);
  schedule();
}

void HealthCheck::schedule() {
  const int64_t now_ms = monotonic_ms();
  deadline_ms_ = now_ms + state_.interval_ms(now_ms - run_began_ms_);
}

// A record that could not be written (a full disk) is written anew with the next result.
void HealthCheck::write_record(int directory) const {
  (void)replace_file(directory, settings_.name, state_.encode(monitor_, init_));
}

// From the moment it is killed until it can be reaped: its namespaces are taken down, and nothing can be started in
// them.
bool HealthCheck::is_ending() const {
  const Result<uint64_t> flags = sys::process_flags(init_.pid);
  return !flags || (flags.value() & sys::kProcessExiting) != 0;
}

// cgroups(7): cgroup.events has a line "frozen 1" once all processes are. Without a cgroup nothing can be frozen.
bool HealthCheck::is_frozen() const {
  if (cgroup_fd_ < 0) return false;
  const unique_fd file(openat(cgroup_fd_, "cgroup.events", O_RDONLY | O_CLOEXEC));
  char text[256];
  const ssize_t size = file ? read(file.get(), text, sizeof text - 1) : -1;
  if (size <= 0) return false;
  text[size] = '\0';
  return strstr(text, "frozen 1") != nullptr;
}

}  // namespace sampan
