// SPDX-License-Identifier: Apache-2.0
// Process system calls that the C library of the build machine may not know. Same names, same results (-1 and errno).
#pragma once

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>

// Numbers are the same on every architecture since Linux 5.1 (except alpha).
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

namespace sampan::sys {

// struct clone_args as of Linux 5.7 (CLONE_ARGS_SIZE_VER2), whatever the build machine's headers know.
struct CloneArgs {
  alignas(8) uint64_t flags = 0;
  alignas(8) uint64_t pidfd = 0;
  alignas(8) uint64_t child_tid = 0;
  alignas(8) uint64_t parent_tid = 0;
  alignas(8) uint64_t exit_signal = 0;
  alignas(8) uint64_t stack = 0;
  alignas(8) uint64_t stack_size = 0;
  alignas(8) uint64_t tls = 0;
  alignas(8) uint64_t set_tid = 0;
  alignas(8) uint64_t set_tid_size = 0;
  alignas(8) uint64_t cgroup = 0;
};
inline constexpr uint64_t kCloneIntoCgroup = 0x2'0000'0000;  // Linux 5.7

// clone3(2), Linux 5.3. Like fork(2): only for a process with one thread, since no pthread_atfork handler runs.
inline pid_t clone3(const CloneArgs &args) { return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args)); }

// pidfd_open(2), Linux 5.3; close-on-exec.
inline int pidfd_open(pid_t pid, unsigned flags = 0) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, flags)); }

// pidfd_send_signal(2), Linux 5.1.
inline int pidfd_send_signal(int pidfd, int signal) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

// close_range(2), Linux 5.9.
inline int close_range(unsigned first, unsigned last, unsigned flags = 0) {
  return static_cast<int>(::syscall(SYS_close_range, first, last, flags));
}
inline constexpr unsigned kCloseRangeCloexec = 4;  // Linux 5.11

inline constexpr int kWaitPidfd = 3;  // P_PIDFD of waitid(2), Linux 5.4

}  // namespace sampan::sys
