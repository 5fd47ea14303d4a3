// SPDX-License-Identifier: Apache-2.0
// From the monitor (or task) process to the init process: clone into new namespaces (or join existing ones), have the
// ids mapped, and let the child interpret the init stage of the plan. What comes back over the link is the only thing
// the parent learns from the child.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "addon/helper/settings.h"
#include "addon/protocol/plan.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// Descriptors the init process gets as 0, 1, 2; with a tty they are unused (open_pty makes them).
struct InitStdio {
  int in = -1;
  int out = -1;
  int err = -1;
};

struct InitProcess {
  pid_t pid = -1;               // as the monitor sees it; always a direct child of the monitor
  uint64_t start_time = 0;      // /proc/<pid>/stat field 22, clock ticks since boot
  unique_fd link;               // SOCK_SEQPACKET, close-on-exec in the child: EOF means that execve succeeded
  unique_fd network_namespace;  // its own, when it was born inside netd's user namespace
};

// Clones the init process. It waits until its ids are mapped and then runs the init stage by itself.
// user_namespace: netd's, when the container's own is made inside it.
Result<InitProcess> launch_init(const Settings &settings, const Plan &plan, const InitStdio &stdio,
                                int user_namespace = -1);

// What the child says over the link.
struct LinkEvent {
  enum class Kind { ready, pty, error, result, closed } kind = Kind::closed;
  unique_fd pty_master;    // pty
  int error_number = 0;    // error
  uint32_t operation = 0;  // error: number of the operation in ops.def
  uint32_t index = 0;      // error: index of the operation in the plan
  std::string subject;     // error: what it failed on; result: JSON text
  std::string detail;      // error: the call that failed
};

// Receives one event; blocks unless the link is non-blocking (then Error{EAGAIN}). `closed` means the exec happened or
// the child died before it said anything: the caller tells them apart with waitid.
Result<LinkEvent> receive_link(int link);

// Lets the child go on after `ready`.
Status send_go(int link);

}  // namespace sampan
