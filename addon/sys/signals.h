// SPDX-License-Identifier: Apache-2.0
// Signal state that survives execve and fork, and must not: dispositions set to ignore, and the mask.
#pragma once

#include <signal.h>

namespace sampan::sys {

// Every disposition back to its default and nothing blocked.
inline void reset_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  // SIGKILL, SIGSTOP and the two that the C library keeps for itself refuse; there is nothing to reset about them.
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace sampan::sys
