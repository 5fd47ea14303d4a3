// SPDX-License-Identifier: Apache-2.0
// From output to log entries: line splitting, rotation, repair, and losses on a disk that takes nothing.
#include "addon/helper/json_log.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "addon/test/temp_dir.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

constexpr struct timespec kNoon = {.tv_sec = 1767323045, .tv_nsec = 123456789};
const std::string kOutTail = R"(","stream":"stdout","time":"2026-01-02T03:04:05.123456789Z"})"
                             "\n";

std::string entry(const std::string &escaped_text) { return R"({"log":")" + escaped_text + kOutTail; }

LogFileOptions options(const TempDir &directory, uint64_t max_size = 0, uint32_t max_files = 1) {
  return {directory.fd(), "log", max_size, max_files};
}

std::string logged(const std::vector<std::string> &reads) {
  TempDir directory;
  JsonLog log;
  CHECK(log.open(options(directory)).ok());
  for (const std::string &text : reads) log.append(OutputStream::out, text, kNoon);
  log.flush();
  return directory.read("log");
}

TEST("the log has one entry per line, however the line was read") {
  CHECK_EQ(logged({"hello\n"}), entry("hello\\n"));
  CHECK_EQ(logged({"a\nb\n"}), entry("a\\n") + entry("b\\n"));
  CHECK_EQ(logged({"he", "ll", "o\nrest"}), entry("hello\\n"));
  CHECK_EQ(logged({"\n", "\n"}), entry("\\n") + entry("\\n"));
  CHECK_EQ(logged({"prompt> "}), "");
  CHECK_EQ(logged({"gr\xC3", "\xBC\xC3\x9F\n"}), entry("gr\xC3\xBC\xC3\x9F\\n"));
  CHECK_EQ(logged({"\xF0", "\x9F", "\x98", "\x80\n"}), entry("\xF0\x9F\x98\x80\\n"));
}

TEST("what has no newline is written at the end") {
  TempDir directory;
  JsonLog log;
  CHECK(log.open(options(directory)).ok());
  log.append(OutputStream::out, "out", kNoon);
  log.append(OutputStream::err, "err", kNoon);
  log.finish();
  const std::string text = directory.read("log");
  CHECK(text.starts_with(R"({"log":"out","stream":"stdout","time":")"));
  CHECK(text.find("\n{\"log\":\"err\",\"stream\":\"stderr\",") != std::string::npos);
  CHECK_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST("a line longer than 16 KiB becomes several entries that carry the time of the first") {
  const std::string limit(JsonLog::kMaxTextSize, 'x');
  CHECK_EQ(logged({limit + "\n"}), entry(limit) + entry("\\n"));
  CHECK_EQ(logged({limit + limit + "yz\n"}), entry(limit) + entry(limit) + entry("yz\\n"));
  CHECK_EQ(logged({"ab", limit + "\n"}), entry("ab" + limit.substr(2)) + entry("xx\\n"));
  const std::string fits(JsonLog::kMaxTextSize - 1, 'y');
  CHECK_EQ(logged({fits + "\n"}), entry(fits + "\\n"));

  TempDir directory;
  JsonLog log;
  CHECK(log.open(options(directory)).ok());
  log.append(OutputStream::out, limit, kNoon);
  log.append(OutputStream::out, "end\nnext\n", {.tv_sec = kNoon.tv_sec + 1, .tv_nsec = 0});
  log.flush();
  const std::string text = directory.read("log");
  CHECK(text.starts_with(entry(limit) + entry("end\\n") +
                         R"({"log":"next\n","stream":"stdout","time":"2026-01-02T03:04:06)"));
}

TEST("the 16 KiB limit does not cut a UTF-8 sequence") {
  const std::string before(JsonLog::kMaxTextSize - 2, 'x');
  const std::string smile = "\xF0\x9F\x98\x80";
  CHECK_EQ(logged({before + smile + "\n"}), entry(before) + entry(smile + "\\n"));
  CHECK_EQ(logged({before + smile.substr(0, 1), smile.substr(1) + "\n"}), entry(before) + entry(smile + "\\n"));
}

TEST("every way to cut a text into reads gives the same log") {
  const std::string text = "one\n\ntw\xC3\xBC\n<3>\xE2\x82\xAC\nend\n";
  const std::string whole = logged({text});
  for (size_t first = 0; first <= text.size(); ++first) {
    for (size_t second = first; second <= text.size(); ++second) {
      CHECK_EQ(logged({text.substr(0, first), text.substr(first, second - first), text.substr(second)}), whole);
    }
  }
}

TEST("rotation keeps max_files files, newest first, and loses nothing of them") {
  TempDir directory;
  JsonLog log;
  const uint64_t entry_size = entry("0\\n").size();
  CHECK(log.open(options(directory, entry_size * 2, 3)).ok());
  const ino_t first_inode = directory.inode("log");
  for (int i = 0; i < 7; ++i) log.append(OutputStream::out, std::to_string(i) + "\n", kNoon);
  log.flush();
  CHECK_EQ(directory.read("log"), entry("6\\n"));
  CHECK_EQ(directory.read("log.1"), entry("4\\n") + entry("5\\n"));
  CHECK_EQ(directory.read("log.2"), entry("2\\n") + entry("3\\n"));
  CHECK(!directory.exists("log.3"));
  CHECK(!directory.exists("log.new"));
  CHECK(directory.inode("log") != first_inode);
}

TEST("rotation with one file starts a new one") {
  TempDir directory;
  JsonLog log;
  CHECK(log.open(options(directory, entry("0\\n").size(), 1)).ok());
  // As a reader has, so that the inode number is not given to another file.
  const unique_fd first(openat(directory.fd(), "log", O_RDONLY | O_CLOEXEC));
  const ino_t first_inode = directory.inode("log");
  for (int i = 0; i < 3; ++i) log.append(OutputStream::out, std::to_string(i) + "\n", kNoon);
  log.flush();
  CHECK_EQ(directory.read("log"), entry("2\\n"));
  CHECK(!directory.exists("log.1"));
  CHECK(directory.inode("log") != first_inode);
}

TEST("a torn entry at the end of an old log is cut off, and the log goes on after it") {
  TempDir directory;
  directory.write("log", entry("old\\n") + R"({"log":"to)");
  directory.write("log.new", "left behind");
  JsonLog log;
  CHECK(log.open(options(directory)).ok());
  log.append(OutputStream::out, "new\n", kNoon);
  log.finish();
  CHECK_EQ(directory.read("log"), entry("old\\n") + entry("new\\n"));
  CHECK(!directory.exists("log.new"));
}

// RLIMIT_FSIZE makes write(2) stop in the middle of an entry and then fail, as a full disk does.
void limit_file_size(rlim_t bytes) {
  struct rlimit limit = {};
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST("entries that find no place are counted, and the log says so when there is place again") {
  signal(SIGXFSZ, SIG_IGN);
  TempDir directory;
  JsonLog log;
  CHECK(log.open(options(directory)).ok());
  limit_file_size(entry("0\\n").size() * 2 + 20);
  for (int i = 0; i < 5; ++i) log.append(OutputStream::out, std::to_string(i) + "\n", kNoon);
  log.flush();
  CHECK_EQ(log.entries_lost(), 2U);
  log.append(OutputStream::out, "5\n", kNoon);
  CHECK_EQ(log.entries_lost(), 3U);
  limit_file_size(RLIM_INFINITY);
  usleep(300 * 1000);
  log.append(OutputStream::out, "6\n", kNoon);
  log.finish();
  const std::string text = directory.read("log");
  const std::string before = entry("0\\n") + entry("1\\n") + entry("2\\n");
  CHECK(text.starts_with(before + R"({"log":"sampan: 3 log entries were lost here (errno )"));
  CHECK(text.ends_with(entry("6\\n")));
  CHECK_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  CHECK_EQ(log.entries_lost(), 3U);
}

TEST("losses at the very end are reported when the log is finished") {
  signal(SIGXFSZ, SIG_IGN);
  TempDir directory;
  JsonLog log;
  CHECK(log.open(options(directory)).ok());
  limit_file_size(10);
  log.append(OutputStream::out, "0\n1\n", kNoon);
  log.flush();
  limit_file_size(RLIM_INFINITY);
  log.finish();
  const std::string text = directory.read("log");
  CHECK(text.starts_with(entry("0\\n") + R"({"log":"sampan: 1 log entries were lost here)"));
  CHECK_EQ(log.entries_lost(), 1U);
}

}  // namespace
}  // namespace sampan
