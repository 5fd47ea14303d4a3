// SPDX-License-Identifier: Apache-2.0
// Removal of a file or a whole directory tree, whatever its modes, depth and names; it stays on one mount.
#pragma once

#include "addon/sys/result.h"

namespace sampan {

// Removes `name` in `directory`; a missing one is fine. Errors carry the path below `name` as their subject.
Status remove_tree_at(int directory, const char *name);

}  // namespace sampan
