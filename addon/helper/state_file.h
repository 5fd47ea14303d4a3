// SPDX-License-Identifier: Apache-2.0
// Small files that say how things are right now: a reader sees the old content or the new one, never a part.
#pragma once

#include <string_view>

#include "addon/sys/result.h"

namespace sampan {

// Replaces the file `name` of the directory (borrowed) by rename(2). Not synced: what is so right now is of no interest
// after a power cut.
Status replace_file(int directory, const char *name, std::string_view content);

}  // namespace sampan
