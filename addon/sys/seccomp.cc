// SPDX-License-Identifier: Apache-2.0
#include "addon/sys/seccomp.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <vector>

namespace sampan::sys {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the architecture of system calls is not known here"
#endif
static_assert(std::endian::native == std::endian::little, "the lower half of an argument comes first");

constexpr auto kNumberAt = static_cast<uint32_t>(offsetof(seccomp_data, nr));
constexpr auto kArchitectureAt = static_cast<uint32_t>(offsetof(seccomp_data, arch));
constexpr auto kArgumentsAt = static_cast<uint32_t>(offsetof(seccomp_data, args));

sock_filter load(uint32_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset); }
sock_filter answer(uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }
sock_filter skip_unless_equal(uint32_t value, uint8_t skipped) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped);
}
sock_filter skip_if_equal(uint32_t value, uint8_t skipped) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skipped, 0);
}
sock_filter skip_if_any(uint32_t bits, uint8_t skipped) {
  return BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, skipped, 0);
}

using Program = std::vector<sock_filter>;

uint8_t size_of(const ArgumentCheck &check) {
  // load, compare each value, skip to the end of the rule when none was equal
  return static_cast<uint8_t>(check.count == 0 ? 0 : check.is_mask ? 2 : check.count + 2);
}

// `left`: instructions of this rule that come after the check.
void add(Program &program, const ArgumentCheck &check, uint8_t left) {
  if (check.count == 0) return;
  program.push_back(load(kArgumentsAt + check.index * uint32_t{sizeof(uint64_t)}));
  if (check.is_mask) return program.push_back(skip_if_any(~check.values[0], left));
  for (uint8_t i = 0; i < check.count; ++i) {
    program.push_back(skip_if_equal(check.values[i], static_cast<uint8_t>(check.count - i)));
  }
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JA, left, 0, 0));
}

// The number of the call is loaded when a rule begins, and again when it ends without an answer.
void add(Program &program, const SyscallRule &rule) {
  const bool checked = rule.checks[0].count != 0;
  const uint8_t second = size_of(rule.checks[1]);
  const auto body = static_cast<uint8_t>(size_of(rule.checks[0]) + second + 1);
  program.push_back(skip_unless_equal(static_cast<uint32_t>(rule.number), static_cast<uint8_t>(body + checked)));
  add(program, rule.checks[0], static_cast<uint8_t>(second + 1));
  add(program, rule.checks[1], 1);
  program.push_back(answer(rule.kills ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ALLOW));
  if (checked) program.push_back(load(kNumberAt));
}

}  // namespace

// #syscalls: prctl seccomp
Status install_filter(std::span<const SyscallRule> rules) {
  Program program = {load(kArchitectureAt), skip_if_equal(kArchitecture, 1), answer(SECCOMP_RET_KILL_PROCESS),
                     load(kNumberAt)};
  for (const SyscallRule &rule : rules) add(program, rule);
  program.push_back(answer(SECCOMP_RET_ERRNO | EPERM));
  const sock_fprog whole = {static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return last_error("prctl", "no new privileges");
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) != 0) return last_error("seccomp", "filter");
  return {};
}

}  // namespace sampan::sys
