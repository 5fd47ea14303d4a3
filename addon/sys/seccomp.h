// SPDX-License-Identifier: Apache-2.0
// seccomp(2) filters from a table of system calls: what a process may still do for the rest of its life.
//
// How this works: each row allows one system call, or its use with certain arguments; several rows for one call are
// alternatives. Rows that are asked for most come first: Linux 5.11 answers rows without checks from a bitmap, all
// others cost a few instructions per row before them. What no row names fails with EPERM; what only an intruder would
// ask for ends the process. Arguments are judged by their lower 32 bits, which is all that the kernel looks at where a
// check is of use; what a pointer points to cannot be judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "addon/sys/result.h"

namespace sampan::sys {

// What an argument must be. No values: anything.
struct ArgumentCheck {
  static constexpr size_t kMost = 8;

  uint8_t index = 0;
  bool is_mask = false;  // values[0] holds the bits that may be set
  uint8_t count = 0;
  uint32_t values[kMost] = {};
};

struct SyscallRule {
  static constexpr size_t kMostChecks = 2;

  long number = 0;
  bool kills = false;
  ArgumentCheck checks[kMostChecks] = {};
};

constexpr SyscallRule allow(long number) { return {.number = number}; }
constexpr SyscallRule allow(long number, ArgumentCheck check) { return {.number = number, .checks = {check}}; }
constexpr SyscallRule allow(long number, ArgumentCheck one, ArgumentCheck other) {
  return {.number = number, .checks = {one, other}};
}
constexpr SyscallRule kill(long number) { return {.number = number, .kills = true}; }

template <typename... Values>
constexpr ArgumentCheck argument_is(uint8_t index, Values... values) {
  static_assert(sizeof...(values) <= ArgumentCheck::kMost);
  return {.index = index, .count = sizeof...(values), .values = {static_cast<uint32_t>(values)...}};
}
constexpr ArgumentCheck argument_within(uint8_t index, uint32_t bits) {
  return {.index = index, .is_mask = true, .count = 1, .values = {bits}};
}

// From here on, for this process and all its children. Sets no_new_privs. ENOSYS: the kernel has no filters.
Status install_filter(std::span<const SyscallRule> rules);

}  // namespace sampan::sys
