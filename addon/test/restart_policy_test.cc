// SPDX-License-Identifier: Apache-2.0
// docker's restart policies and back-off, and the record that the monitor keeps of it.
#include "addon/helper/restart_policy.h"

#include "addon/helper/restart_record.h"
#include "addon/helper/state_file.h"
#include "addon/test/temp_dir.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

constexpr int64_t kShort = 50;
constexpr int64_t kNever = -1;

int64_t decided(RestartPolicy &policy, int exit_code, int64_t ran_ms = kShort) {
  return policy.decide(exit_code, ran_ms).value_or(kNever);
}

TEST("without a policy nothing is started again") {
  RestartPolicy policy(RestartKind::never, 0);
  CHECK_EQ(decided(policy, 1), kNever);
  CHECK_EQ(policy.count(), 0);
}

TEST("always starts again whatever the exit code") {
  RestartPolicy policy(RestartKind::always, 0);
  CHECK_EQ(decided(policy, 0), 100);
  CHECK_EQ(decided(policy, 137), 200);
  CHECK_EQ(policy.count(), 2);
}

TEST("on-failure leaves a success alone") {
  RestartPolicy policy(RestartKind::on_failure, 0);
  CHECK_EQ(decided(policy, 3), 100);
  CHECK_EQ(decided(policy, 0), kNever);
  CHECK_EQ(policy.count(), 1);
}

TEST("on-failure:N gives up after N restarts, however long they ran") {
  RestartPolicy policy(RestartKind::on_failure, 2);
  CHECK_EQ(decided(policy, 1), 100);
  CHECK_EQ(decided(policy, 1, 60'000), 100);
  CHECK_EQ(decided(policy, 1), kNever);
  CHECK_EQ(policy.count(), 2);
}

TEST("the delay doubles up to a minute, and a run of ten seconds resets it") {
  RestartPolicy policy(RestartKind::always, 0);
  const int64_t delays[] = {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000};
  for (const int64_t delay : delays) CHECK_EQ(decided(policy, 1, 9'999), delay);
  CHECK_EQ(decided(policy, 1, 10'000), 100);
  CHECK_EQ(decided(policy, 1), 200);
}

TEST("a start that could not be tried waits longer and is not counted again") {
  RestartPolicy policy(RestartKind::always, 0);
  CHECK_EQ(decided(policy, 1), 100);
  CHECK_EQ(policy.wait_longer(), 200);
  CHECK_EQ(policy.count(), 1);
}

TEST("the restart record is one JSON object") {
  RestartRecord record;
  record.monitor = {.pid = 10, .start_time = 1};
  record.count = 3;
  record.waiting = true;
  record.init = {.pid = 11, .start_time = 2};
  record.started_at = {.tv_sec = 0, .tv_nsec = 7};
  record.last_exit.init = record.init;
  record.last_exit.monitor = record.monitor;
  record.last_exit.exit_code = 4;
  CHECK_EQ(encode_restart_record(record),
           std::string(R"({"schema":2,"monitor":{"pid":10,"startTime":"1"},"restartCount":3,"waiting":true,)"
                       R"("init":{"pid":11,"startTime":"2"},"startedAt":"1970-01-01T00:00:00.000000007Z",)"
                       R"("exit":{"schema":2,"init":{"pid":11,"startTime":"2"},"monitor":{"pid":10,"startTime":"1"},)"
                       R"("exitCode":4,"signal":0,"oomKilled":false,"finishedAt":"1970-01-01T00:00:00.000000000Z",)"
                       R"("logEntriesLost":0}})"
                       "\n"));
}

TEST("a state file is replaced whole, private, and leaves nothing beside it") {
  TempDir directory;
  directory.write("state.json", "a longer old content");
  CHECK(replace_file(directory.fd(), "state.json", "new").ok());
  CHECK_EQ(directory.read("state.json"), std::string("new"));
  CHECK_EQ(directory.mode("state.json"), 0600U);
  CHECK_EQ(directory.count(), 1U);
}

}  // namespace
}  // namespace sampan
