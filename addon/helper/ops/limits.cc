// SPDX-License-Identifier: Apache-2.0
// set_rlimit, set_oom_score_adj, set_umask, no_new_privs: what a process is simply told.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <string>

#include "addon/helper/ops/ops.h"
#include "addon/sys/file.h"

namespace sampan {

namespace {

rlim_t to_limit(uint64_t value) { return value == UINT64_MAX ? RLIM_INFINITY : static_cast<rlim_t>(value); }

}  // namespace

// #syscalls: prlimit64
Status op_set_rlimit(InitContext &, const set_rlimit_args &args) {
  const rlimit limit{to_limit(args.soft), to_limit(args.hard)};
  // The C library takes an enum where the kernel takes a number.
  const auto resource = static_cast<__rlimit_resource_t>(args.resource);
  if (::setrlimit(resource, &limit) != 0) return last_error("setrlimit", std::to_string(args.resource));
  return {};
}

// A process that joins a container is not dumpable, so its files in /proc belong to the host's root: the process that
// joined has written the value before (launch.cc), and children inherit it.
// #syscalls: open write
Status op_set_oom_score_adj(InitContext &context, const set_oom_score_adj_args &args) {
  if (context.joined) return {};
  constexpr int64_t kBias = 1000;
  return sys::write_kernel_file("/proc/self/oom_score_adj", std::to_string(int64_t{args.biased} - kBias));
}

// #syscalls: umask
Status op_set_umask(InitContext &, const set_umask_args &args) {
  constexpr mode_t kAll = 0777;
  ::umask(args.mask & kAll);
  return {};
}

// #syscalls: prctl
Status op_no_new_privs(InitContext &, const no_new_privs_args &) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return last_error("prctl(PR_SET_NO_NEW_PRIVS)");
  return {};
}

}  // namespace sampan
