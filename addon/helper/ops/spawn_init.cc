// SPDX-License-Identifier: Apache-2.0
// spawn_init: process 1 stays behind as the container's init, and a child goes on with the plan.
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <string>

#include "addon/helper/link.h"
#include "addon/helper/ops/ops.h"
#include "addon/sys/signals.h"

namespace sampan {

namespace {

// A fresh image of the helper: the plan, which names paths of the host, is no longer in its memory for the container's
// root to read, and its descriptors are closed, the link among them.
[[noreturn]] void become_reaper(int helper, pid_t child) {
  std::string pid = std::to_string(child);
  char name[] = "sampan-init";
  char role[] = "reap";
  char *const argv[] = {name, role, pid.data(), nullptr};
  char *const env[] = {nullptr};
  ::syscall(SYS_execveat, helper, "", argv, env, AT_EMPTY_PATH);
  constexpr int kFailed = 125;
  ::_exit(kFailed);
}

// The shell's job control wants the command in the foreground, as it would be without us before it. Done while SIGTTOU
// is blocked, else tcsetpgrp(3) would stop us.
Status take_foreground() {
  if (::isatty(STDIN_FILENO) == 0) return {};
  if (::setpgid(0, 0) != 0) return last_error("setpgid");
  if (::tcsetpgrp(STDIN_FILENO, ::getpid()) != 0) return last_error("tcsetpgrp");
  return {};
}

}  // namespace

// #syscalls: openat rt_sigprocmask clone execveat setpgid ioctl
Status op_spawn_init(InitContext &context, const spawn_init_args &) {
  const unique_fd helper(::open("/proc/self/exe", O_PATH | O_CLOEXEC));
  if (!helper) return last_error("open", "/proc/self/exe");
  sigset_t all;
  ::sigfillset(&all);
  // Signals that come before the reaper listens wait for it; the mask survives execve.
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  const pid_t child = ::fork();
  if (child < 0) return last_error("fork");
  if (child > 0) become_reaper(helper.get(), child);
  if (auto taken = take_foreground(); !taken) return taken;
  sys::reset_signals();
  return die_with_parent(context.link);
}

}  // namespace sampan
