// SPDX-License-Identifier: Apache-2.0
// The init process: interprets the init stage of the plan, from its birth in new (or joined) namespaces to execve.
#pragma once

#include "addon/protocol/plan.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

struct InitOrigin {
  // Joined an existing container: "/" is its root already, and /dev/console is its own.
  bool joined = false;
  // CLONE_NEWCGROUP when the cgroup namespace is still to be made.
  bool new_cgroup_namespace = false;
};

// Waits for PROCEED, runs the plan, reports what happened over the link. Never returns.
[[noreturn]] void run_init(const Plan &plan, unique_fd link, const InitOrigin &origin);

}  // namespace sampan
