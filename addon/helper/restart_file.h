// SPDX-License-Identifier: Apache-2.0
// Files that a container has bound and that each of its starts writes anew: /etc/hosts and its like.
#pragma once

#include "addon/sys/result.h"

namespace sampan {

// Strings point into the plan, the descriptor is borrowed.
struct RestartFile {
  int directory = -1;
  const char *name = nullptr;
  const char *from = nullptr;
};

// Writes the content of `from` over `name`, in place: other containers may have it bound. One whose mode or owner keeps
// us out, or that is no file, is replaced.
Status reset_file(const RestartFile &file);

}  // namespace sampan
