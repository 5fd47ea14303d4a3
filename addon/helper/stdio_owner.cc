// SPDX-License-Identifier: Apache-2.0
// Finding the host ids of the container's root, from the plan's map or from the process that is joined.
#include "addon/helper/stdio_owner.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <string>

#include "addon/sys/file.h"

namespace sampan {

namespace {

constexpr size_t kMaxProcFile = 16384;

std::optional<uint32_t> outside_of_root(const std::vector<IdMapLine> &map) {
  for (const auto &line : map) {
    if (line.inside == 0) return line.outside;
  }
  return std::nullopt;
}

// Reads "<number>" after spaces and advances.
std::optional<uint32_t> next_number(const char *&at, const char *end) {
  while (at != end && (*at == ' ' || *at == '\t' || *at == '\n')) ++at;
  uint32_t number = 0;
  const auto parsed = std::from_chars(at, end, number);
  if (parsed.ec != std::errc()) return std::nullopt;
  at = parsed.ptr;
  return number;
}

std::optional<uint32_t> read_map(const std::string &path) {
  const auto text = sys::read_file(AT_FDCWD, path.c_str(), kMaxProcFile);
  if (!text) return std::nullopt;
  const char *at = text.value().data();
  const char *end = at + text.value().size();
  for (;;) {
    const auto inside = next_number(at, end);
    const auto outside = next_number(at, end);
    const auto count = next_number(at, end);
    if (!inside || !outside || !count) return std::nullopt;
    if (*inside == 0) return outside;
  }
}

// pidfd_open(2): the fdinfo of a pidfd has a line "Pid:\t<number>", -1 once the process is gone.
std::optional<std::string> process_of(int pidfd) {
  const auto text = sys::read_file(AT_FDCWD, ("/proc/self/fdinfo/" + std::to_string(pidfd)).c_str(), kMaxProcFile);
  if (!text) return std::nullopt;
  constexpr std::string_view kLabel = "\nPid:";
  const size_t label = text.value().find(kLabel);
  if (label == std::string::npos) return std::nullopt;
  const char *at = text.value().data() + label + kLabel.size();
  const auto pid = next_number(at, text.value().data() + text.value().size());
  if (!pid) return std::nullopt;
  return "/proc/" + std::to_string(*pid);
}

}  // namespace

Status give_stdio_to_root(const Settings &settings, const InitStdio &stdio) {
  if (::geteuid() != 0) return {};
  auto uid = outside_of_root(settings.uid_map);
  auto gid = outside_of_root(settings.gid_map);
  if (settings.join_pidfd >= 0) {
    const auto process = process_of(settings.join_pidfd);
    if (!process) return Error{ESRCH, "pidfd", "container"};
    uid = read_map(*process + "/uid_map");
    gid = read_map(*process + "/gid_map");
  }
  if (!uid || !gid) return {};
  for (const int fd : {stdio.in, stdio.out, stdio.err}) {
    struct stat info {};
    if (fd < 0 || ::fstat(fd, &info) != 0 || (!S_ISFIFO(info.st_mode) && !S_ISSOCK(info.st_mode))) continue;
    if (::fchown(fd, *uid, *gid) != 0) return last_error("fchown", "stdio");
  }
  return {};
}

}  // namespace sampan
