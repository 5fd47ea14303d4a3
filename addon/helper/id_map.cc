// SPDX-License-Identifier: Apache-2.0
// Two ways to the same two files, /proc/<pid>/uid_map and gid_map.
#include "addon/helper/id_map.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "addon/sys/file.h"
#include "addon/sys/signals.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

namespace {

constexpr size_t kMaxMessage = 4096;

std::string to_text(const std::vector<IdMapLine> &map) {
  std::string text;
  for (const auto &[inside, outside, count] : map) {
    text += std::to_string(inside) + ' ' + std::to_string(outside) + ' ' + std::to_string(count) + '\n';
  }
  return text;
}

bool has_capability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  return (data[capability / 32].effective & (1U << (capability % 32))) != 0;
}

// user_namespaces(7): without CAP_SETGID in the parent namespace, setgroups(2) must be denied before gid_map is
// written, because a user could leave groups that are there to keep him out.
bool must_deny_setgroups(const std::vector<IdMapLine> &gid_map) {
  const bool single = gid_map.size() == 1 && gid_map.front().count == 1;
  return single || !has_capability(CAP_SETGID);
}

Status write_maps(const Settings &settings, const std::string &process) {
  if (!settings.gid_map.empty() && must_deny_setgroups(settings.gid_map)) {
    if (auto denied = sys::write_kernel_file((process + "/setgroups").c_str(), "deny"); !denied) return denied;
  }
  if (!settings.uid_map.empty()) {
    auto written = sys::write_kernel_file((process + "/uid_map").c_str(), to_text(settings.uid_map));
    if (!written) return written;
  }
  if (settings.gid_map.empty()) return {};
  return sys::write_kernel_file((process + "/gid_map").c_str(), to_text(settings.gid_map));
}

struct MapProgram {
  const char *path;
  pid_t pid = -1;
  unique_fd messages;
};

// The programs get an empty environment and nothing but their standard error; they take the ids from their arguments
// and check them against /etc/subuid and /etc/subgid themselves.
[[noreturn]] void exec_program(const char *path, pid_t child, const std::vector<IdMapLine> &map, int messages) {
  std::vector<std::string> words{path, std::to_string(child)};
  for (const auto &[inside, outside, count] : map) {
    for (const uint32_t number : {inside, outside, count}) words.push_back(std::to_string(number));
  }
  std::vector<char *> argv;
  argv.reserve(words.size() + 1);
  for (auto &word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char *const env[] = {nullptr};
  // A monitor that starts its container again has blocked some.
  sys::reset_signals();
  ::dup2(messages, STDERR_FILENO);
  ::execve(path, argv.data(), env);
  constexpr int kNotFound = 127;
  ::_exit(kNotFound);
}

Status start_program(MapProgram &program, pid_t child, const std::vector<IdMapLine> &map) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return last_error("pipe2");
  program.messages.reset(ends[0]);
  const unique_fd write_end(ends[1]);
  program.pid = ::fork();
  if (program.pid < 0) return last_error("fork", program.path);
  if (program.pid == 0) exec_program(program.path, child, map, write_end.get());
  return {};
}

Status finish_program(MapProgram &program) {
  if (program.pid < 0) return {};
  auto messages = sys::read_all(program.messages.get(), kMaxMessage, program.path);
  program.messages.reset();
  int status = 0;
  while (::waitpid(program.pid, &status, 0) < 0) {
    if (errno != EINTR) return last_error("waitpid", program.path);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  Error error{EPERM, "execve", program.path};
  if (messages) {
    error.detail = messages.take();
    while (!error.detail.empty() && error.detail.back() == '\n') error.detail.pop_back();
  }
  if (error.detail.empty()) error.detail = "wait status " + std::to_string(status);
  return error;
}

Status run_programs(const Settings &settings, pid_t child) {
  if (settings.newuidmap == nullptr || settings.newgidmap == nullptr) return Error{EINVAL, "map_method", "no programs"};
  MapProgram uids{settings.newuidmap, -1, {}};
  MapProgram gids{settings.newgidmap, -1, {}};
  auto started = start_program(uids, child, settings.uid_map);
  if (started) started = start_program(gids, child, settings.gid_map);
  const auto uids_done = finish_program(uids);
  const auto gids_done = finish_program(gids);
  if (!started) return started;
  return uids_done ? gids_done : uids_done;
}

}  // namespace

Status map_ids(const Settings &settings, pid_t child) {
  if (settings.map_method == MapMethod::set_uid_programs) return run_programs(settings, child);
  return write_maps(settings, "/proc/" + std::to_string(child));
}

Status map_ids_as_they_are(const Settings &settings, pid_t child) {
  Settings same;
  for (const auto &[inside, outside, count] : settings.uid_map) same.uid_map.push_back({inside, inside, count});
  for (const auto &[inside, outside, count] : settings.gid_map) same.gid_map.push_back({inside, inside, count});
  return write_maps(same, "/proc/" + std::to_string(child));
}

}  // namespace sampan
