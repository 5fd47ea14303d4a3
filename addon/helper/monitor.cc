// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/monitor.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "addon/helper/monitor_process.h"
#include "addon/helper/timestamp.h"

namespace sampan {

int monitor_main(const Settings &settings, const Plan &plan, int control) {
  // Out of the session (and so out of the reach of the terminal) of the command line; EPERM: it is our own already.
  setsid();
  prctl(PR_SET_NAME, "sampan-monitor");
  // prctl(2): what the container leaves behind outside its pid namespace becomes our child and is reaped.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  return MonitorProcess(settings, plan, control).run();
}

MonitorProcess::MonitorProcess(const Settings &settings, const Plan &plan, int control)
    : settings_(settings),
      plan_(plan),
      control_(control),
      relay_(std::make_unique<Relay>(poller_, log_, settings.stdio_flags)),
      signal_handler_(*this, &MonitorProcess::take_signals),
      connection_handler_(*this, &MonitorProcess::take_connections),
      restart_policy_(settings.restart_kind, settings.restart_max_retries) {}

int MonitorProcess::run() {
  if (!start()) {
    undo();
    return 1;
  }
  poller_.want(signal_handler_, signals_.get(), EPOLLIN);
  if (attach_server_.is_open()) poller_.want(connection_handler_, attach_server_.fd(), EPOLLIN);
  // Without it the container would lose its network with netd, which the next command tells.
  if (lease_.is_open()) (void)lease_.keep(poller_);
  do {
    serve();
    end_run();
  } while (restart());
  return finish();
}

void MonitorProcess::serve() {
  // It may be over already: SIGCHLD tells that something has ended, not how often.
  reap();
  while (!wait_status_) turn(kNever);
}

// Waits for events, until the deadline at most, and serves them.
void MonitorProcess::turn(int64_t deadline_ms) {
  constexpr int64_t kIdleMs = 1000;
  log_.flush();
  int64_t timeout = memory_released_ ? kNever : kIdleMs;
  if (health_) deadline_ms = std::min(deadline_ms, health_->deadline_ms());
  if (deadline_ms != kNever) timeout = std::min(timeout, std::max<int64_t>(deadline_ms - monotonic_ms(), 0));
  const bool idle = !poller_.wait(timeout == kNever ? -1 : static_cast<int>(timeout));
  relay_->sweep();
  sweep_leaving();
  if (health_) health_->tick();
  memory_released_ = idle;
  if (!idle) return;
  relay_->release_memory();
  log_.release_memory();
}

void MonitorProcess::take_signals() {
  struct signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof info) == ssize_t{sizeof info}) {
    if (info.ssi_signo == SIGCHLD) {
      reap();
      continue;
    }
    stopping_ = true;
    // Between two runs there is nobody.
    if (info.ssi_signo != SIGUSR1 && !wait_status_ && init_.pid > 0) kill(init_.pid, static_cast<int>(info.ssi_signo));
  }
}

void MonitorProcess::reap() {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    if (health_) health_->reaped(pid, status);
    if (pid != init_.pid) continue;
    oom_killed_ = oom_kills() > oom_kills_before_;
    wait_status_ = status;
  }
}

void MonitorProcess::take_connections() {
  for (;;) {
    Result<unique_fd> connection = attach_server_.accept();
    if (!connection) return;
    relay_->add_client(connection.take());
  }
}

void block_monitor_signals(unique_fd &signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  // Both are reported by the call as well: EPIPE and EFBIG.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

void restore_signals() {
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace sampan
