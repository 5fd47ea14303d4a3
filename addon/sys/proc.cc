// SPDX-License-Identifier: Apache-2.0
// Reading /proc/<pid>/stat.
#include "addon/sys/proc.h"

#include <charconv>
#include <string>

#include "addon/sys/file.h"

namespace sampan::sys {

namespace {

constexpr size_t kMaxStat = 4096;
// A field of numbers, counted from 1; the name is field 2.
Result<uint64_t> stat_field(pid_t pid, int number) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  auto stat = read_file(AT_FDCWD, path.c_str(), kMaxStat);
  if (!stat) return stat.error();
  // The name may contain spaces and parentheses: fields are counted after the last ')'.
  size_t at = stat.value().rfind(')');
  for (int field = 0; field < number - 2 && at != std::string::npos; ++field) {
    at = stat.value().find(' ', at + 1);
  }
  if (at == std::string::npos) return Error{EPROTO, "read", path};
  uint64_t value = 0;
  const char *end = stat.value().data() + stat.value().size();
  if (std::from_chars(stat.value().data() + at + 1, end, value).ec != std::errc()) return Error{EPROTO, "read", path};
  return value;
}

}  // namespace

Result<uint64_t> start_time(pid_t pid) {
  constexpr int kStartTime = 22;
  return stat_field(pid, kStartTime);
}

Result<uint64_t> process_flags(pid_t pid) {
  constexpr int kFlags = 9;
  return stat_field(pid, kFlags);
}

}  // namespace sampan::sys
