// SPDX-License-Identifier: Apache-2.0
// Process 1 of a container that was asked to have one (--init).
#pragma once

#include <sys/types.h>

namespace sampan {

// Forwards signals to the child and reaps what is orphaned until the child ends; returns the status to exit with.
// Every signal must be blocked already, since before the child existed: what arrives meanwhile waits.
int run_reaper(pid_t child);

}  // namespace sampan
