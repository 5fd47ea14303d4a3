// SPDX-License-Identifier: Apache-2.0
// new_session, new_keyring, set_cwd: what the process would otherwise share with whoever started it.
#include <limits.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "addon/helper/ops/ops.h"

namespace sampan {

// #syscalls: setsid
Status op_new_session(InitContext &, const new_session_args &) {
  if (::setsid() < 0) return last_error("setsid");
  return {};
}

// keyctl_join_session_keyring(3): the user's session keyring holds keys that are none of the container's business.
// ENOSYS: a kernel without keyrings has none to share.
// #syscalls: keyctl
Status op_new_keyring(InitContext &, const new_keyring_args &) {
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0) < 0 && errno != ENOSYS) {
    return last_error("keyctl", "session keyring");
  }
  return {};
}

// The check behind chdir: a path of /proc could lead out of the root (CVE-2024-21626); getcwd(2) then says
// "(unreachable)".
// #syscalls: chdir getcwd
Status op_set_cwd(InitContext &, const set_cwd_args &args) {
  const char *path = args.path == nullptr ? "/" : args.path;
  if (::chdir(path) != 0) return last_error("chdir", path);
  char cwd[PATH_MAX];
  if (::syscall(SYS_getcwd, cwd, sizeof cwd) < 0) return last_error("getcwd", path);
  if (cwd[0] != '/') return Error{ENOENT, "getcwd", path};
  return {};
}

}  // namespace sampan
