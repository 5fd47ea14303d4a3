// SPDX-License-Identifier: Apache-2.0
// docker's rules from results of probes to a status, and the record of it.
#include "addon/helper/health_state.h"

#include "addon/test/test.h"

namespace sampan {
namespace {

constexpr int64_t kLate = 1'000'000;

HealthSettings sample() {
  HealthSettings settings;
  settings.interval_ms = 30'000;
  settings.start_interval_ms = 5'000;
  settings.retries = 3;
  return settings;
}

ProbeResult result(int exit_code, const char *output = "") {
  ProbeResult made;
  made.exit_code = exit_code;
  made.output = output;
  return made;
}

void add(HealthState &state, int exit_code, int64_t began_after_ms = kLate) {
  state.add(result(exit_code), began_after_ms);
}

TEST("a container starts as starting, one success makes it healthy") {
  const HealthSettings settings = sample();
  HealthState state(settings);
  CHECK(state.status() == HealthStatus::starting);
  add(state, 0);
  CHECK(state.status() == HealthStatus::healthy);
}

TEST("as many failures in a row as retries make it unhealthy, one success healthy again") {
  const HealthSettings settings = sample();
  HealthState state(settings);
  add(state, 0);
  add(state, 1);
  add(state, -1);
  CHECK(state.status() == HealthStatus::healthy);
  CHECK_EQ(state.failing_streak(), 2);
  add(state, 137);
  CHECK(state.status() == HealthStatus::unhealthy);
  add(state, 1);
  CHECK_EQ(state.failing_streak(), 4);
  add(state, 0);
  CHECK(state.status() == HealthStatus::healthy);
  CHECK_EQ(state.failing_streak(), 0);
}

TEST("failures that are not in a row do not add up") {
  const HealthSettings settings = sample();
  HealthState state(settings);
  for (int round = 0; round < 5; ++round) {
    add(state, 1);
    add(state, 1);
    add(state, 0);
  }
  CHECK(state.status() == HealthStatus::healthy);
}

TEST("within the start period a failure counts only once the container has been healthy") {
  HealthSettings settings = sample();
  settings.start_period_ms = 10'000;
  settings.retries = 1;
  HealthState state(settings);
  add(state, 1, 9'999);
  CHECK(state.status() == HealthStatus::starting);
  CHECK_EQ(state.failing_streak(), 0);
  add(state, 0, 1'000);
  add(state, 1, 1'000);
  CHECK(state.status() == HealthStatus::unhealthy);
  HealthState later(settings);
  add(later, 1, 10'000);
  CHECK(later.status() == HealthStatus::unhealthy);
}

TEST("probes come in the start interval while the container starts, within the start period") {
  HealthSettings settings = sample();
  HealthState state(settings);
  CHECK_EQ(state.interval_ms(0), 30'000);
  settings.start_period_ms = 10'000;
  CHECK_EQ(state.interval_ms(9'999), 5'000);
  CHECK_EQ(state.interval_ms(10'000), 30'000);
  add(state, 0);
  CHECK_EQ(state.interval_ms(1), 30'000);
}

TEST("a new run is starting again, what is over is unhealthy, and the log stays") {
  const HealthSettings settings = sample();
  HealthState state(settings);
  state.add(result(0, "fine"), kLate);
  state.end();
  CHECK(state.status() == HealthStatus::unhealthy);
  state.begin();
  CHECK(state.status() == HealthStatus::starting);
  CHECK(state.encode({}, {}).find("fine") != std::string::npos);
}

TEST("the last five results are kept, oldest first") {
  const HealthSettings settings = sample();
  HealthState state(settings);
  for (int code = 1; code <= 7; ++code) add(state, code);
  const std::string record = state.encode({}, {});
  CHECK(record.find("\"ExitCode\":2,") == std::string::npos);
  const size_t third = record.find("\"ExitCode\":3,");
  CHECK(third != std::string::npos && record.find("\"ExitCode\":7,") > third);
}

TEST("the health record is one JSON object, whatever a probe prints") {
  const HealthSettings settings = sample();
  HealthState state(settings);
  ProbeResult made = result(2, "a\"\xff\n");
  made.start = {.tv_sec = 0, .tv_nsec = 1};
  made.end = {.tv_sec = 1, .tv_nsec = 0};
  state.add(made, kLate);
  CHECK_EQ(state.encode({.pid = 1, .start_time = 2}, {.pid = 3, .start_time = 4}),
           std::string(R"({"schema":2,"monitor":{"pid":1,"startTime":"2"},"init":{"pid":3,"startTime":"4"},)"
                       R"("status":"starting","failingStreak":1,"log":[{"Start":"1970-01-01T00:00:00.000000001Z",)"
                       R"("End":"1970-01-01T00:00:01.000000000Z","ExitCode":2,"Output":"a\"\ufffd\n"}]})"
                       "\n"));
}

TEST("durations are written as Go writes them") {
  struct Case {
    int64_t milliseconds;
    const char *text;
  };
  const Case cases[] = {
      {0, "0s"},       {1, "1ms"},       {999, "999ms"},       {1000, "1s"},          {1500, "1.5s"},
      {2050, "2.05s"}, {60'000, "1m0s"}, {90'250, "1m30.25s"}, {3'600'000, "1h0m0s"}, {5'400'001, "1h30m0.001s"}};
  for (const Case &c : cases) CHECK_EQ(to_duration_text(c.milliseconds), std::string(c.text));
}

}  // namespace
}  // namespace sampan
