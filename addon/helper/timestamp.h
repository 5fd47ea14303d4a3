// SPDX-License-Identifier: Apache-2.0
// Time as the log and the records write it: RFC 3339 in UTC with nanoseconds. And the clock that delays are measured
// with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>

namespace sampan {

// Characters of "2026-01-02T03:04:05.123456789Z".
inline constexpr size_t kTimestampSize = 30;

// Writes exactly kTimestampSize characters, no NUL. Own arithmetic, because gmtime(3) drags in time zone files.
void format_timestamp(const struct timespec &time, char *out);

std::string to_text(const struct timespec &time);

struct timespec now();

// CLOCK_MONOTONIC: for delays. It does not jump when somebody sets the clock, and stands still while the machine
// sleeps.
int64_t monotonic_ms();

}  // namespace sampan
