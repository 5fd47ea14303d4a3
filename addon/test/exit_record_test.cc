// SPDX-License-Identifier: Apache-2.0
// The exit record: its text, and that it is there whole or not at all.
#include "addon/helper/exit_record.h"

#include "addon/helper/timestamp.h"
#include "addon/test/temp_dir.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

ExitRecord sample() {
  ExitRecord record;
  record.init = {.pid = 4711, .start_time = 18446744073709551615U};
  record.monitor = {.pid = 4710, .start_time = 5};
  record.exit_code = 137;
  record.signal = 9;
  record.oom_killed = true;
  record.finished_at = {.tv_sec = 1767323045, .tv_nsec = 5};
  record.log_entries_lost = 3;
  return record;
}

const std::string kSampleText =
    R"({"schema":2,"init":{"pid":4711,"startTime":"18446744073709551615"},"monitor":{"pid":4710,"startTime":"5"},)"
    R"("exitCode":137,"signal":9,"oomKilled":true,)"
    R"("finishedAt":"2026-01-02T03:04:05.000000005Z","logEntriesLost":3})"
    "\n";

TEST("the exit record is one JSON object") { CHECK_EQ(encode_exit_record(sample()), kSampleText); }

TEST("the exit record of a container that was restarted tells how often, when last, and why not again") {
  ExitRecord record = sample();
  record.restart_count = 2;
  record.started_at = {.tv_sec = 1767323044, .tv_nsec = 0};
  record.error = "the \"disk\" is full";
  std::string expected = kSampleText;
  expected.resize(expected.size() - 2);
  expected += R"(,"restartCount":2,"startedAt":"2026-01-02T03:04:04.000000000Z","error":"the \"disk\" is full"})";
  CHECK_EQ(encode_exit_record(record), expected + "\n");
}

TEST("the exit record fits its place, whatever the error says") {
  ExitRecord record = sample();
  record.restart_count = UINT32_MAX;
  record.error = std::string(100000, '\x01');
  CHECK(encode_exit_record(record).size() < 4096);
}

TEST("the exit record appears whole, private, and nothing else appears") {
  for (const bool durable : {false, true}) {
    TempDir directory;
    ExitRecordFile file;
    CHECK(file.prepare(directory.fd(), "exit.json", durable).ok());
    CHECK(!directory.exists("exit.json"));
    CHECK(file.write(sample()).ok());
    CHECK_EQ(directory.read("exit.json"), kSampleText);
    CHECK_EQ(directory.mode("exit.json"), 0600U);
    CHECK_EQ(directory.count(), 1U);
  }
}

TEST("the exit record replaces an older one") {
  TempDir directory;
  directory.write("exit.json", "old");
  ExitRecordFile file;
  CHECK(file.prepare(directory.fd(), "exit.json", true).ok());
  CHECK_EQ(directory.read("exit.json"), "old");
  CHECK(file.write(sample()).ok());
  CHECK_EQ(directory.read("exit.json"), kSampleText);
  CHECK_EQ(directory.count(), 1U);
}

TEST("timestamps are right on leap days, at year ends and before 1970") {
  struct Case {
    time_t seconds;
    const char *text;
  };
  const Case cases[] = {{0, "1970-01-01T00:00:00.000000007Z"},
                        {-1, "1969-12-31T23:59:59.000000007Z"},
                        {951782400, "2000-02-29T00:00:00.000000007Z"},
                        {1735689599, "2024-12-31T23:59:59.000000007Z"},
                        {4107542400, "2100-03-01T00:00:00.000000007Z"}};
  for (const Case &c : cases) {
    char text[kTimestampSize];
    format_timestamp({.tv_sec = c.seconds, .tv_nsec = 7}, text);
    CHECK_EQ(std::string(text, sizeof text), std::string(c.text));
  }
}

}  // namespace
}  // namespace sampan
