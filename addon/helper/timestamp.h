// SPDX-License-Identifier: Apache-2.0
// Time as the log and the exit record write it: RFC 3339 in UTC with nanoseconds.
#pragma once

#include <cstddef>
#include <ctime>

namespace sampan {

// Characters of "2026-01-02T03:04:05.123456789Z".
inline constexpr size_t kTimestampSize = 30;

// Writes exactly kTimestampSize characters, no NUL. Own arithmetic, because gmtime(3) drags in time zone files.
void format_timestamp(const struct timespec &time, char *out);

struct timespec now();

}  // namespace sampan
