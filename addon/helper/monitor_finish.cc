// SPDX-License-Identifier: Apache-2.0
// The monitor's last phase: from the end of the init process to its own.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "addon/helper/monitor_process.h"

namespace sampan {

int MonitorProcess::finish() {
  lease_.close();
  log_.finish();
  remove_cgroup();
  if (health_) health_->write_record(settings_.exit_dir_fd);
  const bool recorded = settings_.exit_name == nullptr || exit_record_.write_with_retries(exit_).ok();
  serve_last_clients();
  wait_until_control_has_read();
  const bool control_cleans_up = relay_->control_is_there();
  attach_server_.close();
  if (!control_cleans_up && !settings_.exit_argv.empty()) run_exit_command();
  return recorded ? 0 : 1;
}

// Empty since process 1 has ended. A failure leaves an empty directory, which the next command finds by the run record.
void MonitorProcess::remove_cgroup() const {
  if (settings_.cgroup_name != nullptr) unlinkat(settings_.cgroup_parent_fd, settings_.cgroup_name, AT_REMOVEDIR);
}

ExitRecord MonitorProcess::make_exit_record() const {
  ExitRecord record;
  record.init = {.pid = init_.pid, .start_time = init_.start_time};
  record.monitor = self_;
  const int status = wait_status_.value_or(0);
  record.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  record.exit_code = record.signal != 0 ? 128 + record.signal : WEXITSTATUS(status);
  record.oom_killed = oom_killed_;
  record.finished_at = now();
  record.log_entries_lost = log_.entries_lost();
  record.restart_count = restart_policy_.count();
  record.started_at = started_at_;
  return record;
}

FrameHeader MonitorProcess::exit_frame() const {
  return {.type = FrameType::exit,
          .a = static_cast<uint32_t>(exit_.exit_code),
          .b = static_cast<uint32_t>(exit_.signal),
          .c = exit_.oom_killed ? 1U : 0U};
}

bool MonitorProcess::everybody_served(bool with_unattached) const {
  return leaving_.empty() && relay_->everybody_served(with_unattached);
}

void MonitorProcess::serve_last_clients() {
  relay_->announce_exit(exit_frame());
  // Whoever is connecting just now gets its answer as well.
  if (attach_server_.is_open()) take_connections();
  while (!everybody_served(false)) {
    poller_.wait(-1);
    relay_->sweep();
    sweep_leaving();
  }
  // A connection that never says ATTACH holds us up no longer than this.
  constexpr int kGraceMs = 500;
  constexpr int kStepMs = 50;
  for (int waited = 0; waited < kGraceMs && !everybody_served(true); waited += kStepMs) {
    poller_.wait(kStepMs);
    relay_->sweep();
  }
}

// EXIT in the socket of a client that dies before it reads it has told nobody, so that the exit command has to run.
void MonitorProcess::wait_until_control_has_read() {
  constexpr int kLongestWaitMs = 64;
  for (int wait_ms = 1; relay_->control_is_there() && relay_->control_has_unread();) {
    poller_.wait(wait_ms);
    relay_->sweep();
    wait_ms = std::min(wait_ms * 2, kLongestWaitMs);
  }
}

// The last act: becomes the exit command, with nothing of ours but standard descriptors on /dev/null.
void MonitorProcess::run_exit_command() {
  std::vector<const char *> argv = settings_.exit_argv;
  std::vector<const char *> env = settings_.exit_env;
  argv.push_back(nullptr);
  env.push_back(nullptr);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; ++fd) dup2(null, fd);
  // close_range(2), Linux 5.11 with this flag.
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  restore_signals();
  // execve(2) does not change the strings, whatever its prototype says.
  execve(argv[0], const_cast<char *const *>(argv.data()), const_cast<char *const *>(env.data()));
}

// Counter of the container's cgroup (cgroup v2, memory.events); 0 without one.
uint64_t MonitorProcess::oom_kills() const {
  if (settings_.cgroup_fd < 0) return 0;
  unique_fd file(openat(settings_.cgroup_fd, "memory.events", O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t size = file ? read(file.get(), text, sizeof text - 1) : -1;
  if (size <= 0) return 0;
  text[size] = '\0';
  constexpr char kKey[] = "\noom_kill ";
  const char *line = strstr(text, kKey);
  return line == nullptr ? 0 : strtoull(line + sizeof kKey - 1, nullptr, 10);
}

}  // namespace sampan
