// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/monitor.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "addon/helper/monitor_process.h"

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
      relay_(poller_, log_, settings.stdio_flags),
      signal_handler_(*this, &MonitorProcess::take_signals),
      connection_handler_(*this, &MonitorProcess::take_connections) {}

int MonitorProcess::run() {
  if (!start()) {
    undo();
    return 1;
  }
  serve();
  return finish();
}

void MonitorProcess::serve() {
  poller_.want(signal_handler_, signals_.get(), EPOLLIN);
  if (attach_server_.is_open()) poller_.want(connection_handler_, attach_server_.fd(), EPOLLIN);
  // It may be over already: SIGCHLD tells that something has ended, not how often.
  reap();
  constexpr int kIdleMs = 1000;
  bool released = false;
  while (!wait_status_) {
    log_.flush();
    const bool idle = !poller_.wait(released ? -1 : kIdleMs);
    relay_.sweep();
    released = idle;
    if (!idle) continue;
    relay_.release_memory();
    log_.release_memory();
  }
}

void MonitorProcess::take_signals() {
  struct signalfd_siginfo info;
  while (read(signals_.get(), &info, sizeof info) == ssize_t{sizeof info}) {
    if (info.ssi_signo == SIGCHLD) {
      reap();
    } else {
      relay_.signal_process(static_cast<int>(info.ssi_signo));
    }
  }
}

void MonitorProcess::reap() {
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    if (pid != init_.pid) continue;
    relay_.set_process(-1);
    oom_killed_ = oom_kills() > oom_kills_before_;
    wait_status_ = status;
  }
}

void MonitorProcess::take_connections() {
  for (;;) {
    Result<unique_fd> connection = attach_server_.accept();
    if (!connection) return;
    relay_.add_client(connection.take());
  }
}

void block_monitor_signals(unique_fd &signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
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
