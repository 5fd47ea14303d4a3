// SPDX-License-Identifier: Apache-2.0
// Writing the uid and gid maps of a child's new user namespace (user_namespaces(7)).
#pragma once

#include <sys/types.h>

#include "addon/helper/settings.h"
#include "addon/sys/result.h"

namespace sampan {

// By the method that the plan chose: our own write, which the kernel allows a user for exactly one id (and root for
// any), or the set-uid programs newuidmap and newgidmap, both at once.
Status map_ids(const Settings &settings, pid_t child);

// Of a child whose parent namespace is ours and has the same ids: each stands for itself.
Status map_ids_as_they_are(const Settings &settings, pid_t child);

}  // namespace sampan
