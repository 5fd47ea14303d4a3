// SPDX-License-Identifier: Apache-2.0
// Starts a program from within a process with many threads (Node), without fork(2).
//
// How this works: clone with CLONE_VM|CLONE_VFORK makes a child that borrows this memory, on a stack of its own, while
// the calling thread waits until execveat(2) has succeeded or failed. Between the two the child makes system calls and
// nothing else: other threads go on, and may hold any lock of the C library. All signals are blocked around it, because
// a handler of Node's that ran in the child would run on Node's memory. What failed comes back through that memory.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::binding {

struct Program {
  int executable = -1;  // for execveat(2) with AT_EMPTY_PATH
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::vector<int> fds;  // become 0, 1, 2, ... in the child
};

struct Process {
  pid_t pid = -1;
  unique_fd pidfd;
};

Result<Process> spawn_process(const Program &program);

}  // namespace sampan::binding
