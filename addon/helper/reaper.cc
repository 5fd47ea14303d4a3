// SPDX-License-Identifier: Apache-2.0
// How this works: signals stay blocked and are taken one by one with sigwaitinfo(2). A blocked signal is queued even
// for process 1 of a pid namespace, which otherwise gets no signal that it has no handler for (pid_namespaces(7)). When
// process 1 ends, the kernel ends everything else in the namespace.
#include "addon/helper/reaper.h"

#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <optional>

namespace sampan {

namespace {

constexpr int kBySignal = 128;
constexpr int kFailed = 125;

int to_exit_status(int status) { return WIFSIGNALED(status) ? kBySignal + WTERMSIG(status) : WEXITSTATUS(status); }

// The exit status of the child once it is among the reaped.
std::optional<int> reap(pid_t child) {
  std::optional<int> ended;
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid == child) ended = to_exit_status(status);
    if (pid < 0 && errno == ECHILD && !ended) return kFailed;
    if (pid <= 0) return ended;
  }
}

}  // namespace

int run_reaper(pid_t child) {
  sigset_t all;
  ::sigfillset(&all);
  for (;;) {
    // First of all: the child may have ended before this process was ready to hear of it.
    if (const auto ended = reap(child)) return *ended;
    int number = 0;
    while ((number = ::sigwaitinfo(&all, nullptr)) != SIGCHLD) {
      if (number > 0) ::kill(child, number);
    }
  }
}

}  // namespace sampan
