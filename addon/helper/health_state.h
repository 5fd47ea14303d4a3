// SPDX-License-Identifier: Apache-2.0
// Whether a container is healthy: what docker makes of the results of its probes. Pure; health_check.h runs them.
//
// A container begins as starting. A probe that succeeds makes it healthy; `retries` failures in a row make it
// unhealthy. Within the start period a failure of a container that has not been healthy yet does not count, and probes
// come in the start interval.
#pragma once

#include <cstdint>
#include <ctime>
#include <deque>
#include <string>

#include "addon/helper/process_identity.h"

namespace sampan {

struct HealthSettings {
  int plan_fd = -1;  // of the probe: a plan that joins the container; -1: no health check
  int64_t interval_ms = 0;
  int64_t timeout_ms = 0;
  int64_t start_period_ms = 0;
  int64_t start_interval_ms = 0;
  uint32_t retries = 0;
  int directory_fd = -1;
  const char *name = nullptr;  // of the health record
};

enum class HealthStatus { starting, healthy, unhealthy };

struct ProbeResult {
  struct timespec start = {};
  struct timespec end = {};
  int exit_code = 0;  // -1: it did not come to one
  std::string output;
};

class HealthState {
 public:
  // docker's limit of the log.
  static constexpr size_t kMostResults = 5;

  explicit HealthState(const HealthSettings &settings) : settings_(settings) {}

  // A run begins. The results of the one before stay in the log.
  void begin();
  // The run is over: docker calls what is not probed unhealthy.
  void end() { status_ = HealthStatus::unhealthy; }

  // A probe that began so long after the run did.
  void add(ProbeResult result, int64_t began_after_ms);

  // From the end of a probe (or the beginning of the run) to the next one.
  int64_t interval_ms(int64_t running_ms) const;

  HealthStatus status() const { return status_; }
  uint32_t failing_streak() const { return failing_streak_; }

  // The health record.
  std::string encode(const ProcessIdentity &monitor, const ProcessIdentity &init) const;

 private:
  const HealthSettings &settings_;
  HealthStatus status_ = HealthStatus::starting;
  uint32_t failing_streak_ = 0;
  std::deque<ProbeResult> log_;
};

// As Go prints a time.Duration: 100ms, 1.5s, 1m30s.
std::string to_duration_text(int64_t milliseconds);

}  // namespace sampan
