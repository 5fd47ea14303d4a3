// SPDX-License-Identifier: Apache-2.0
// The first operation of every container: its process becomes the root of its own user namespace.
#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include "addon/helper/link.h"
#include "addon/helper/ops/ops.h"
#include "addon/sys/file.h"

namespace sampan {

namespace {

// user_namespaces(7): "deny" was written before gid_map because the map has one id only.
bool is_setgroups_denied() {
  constexpr size_t kMaxWord = 64;
  const auto word = sys::read_file(AT_FDCWD, "/proc/self/setgroups", kMaxWord);
  return word && word.value().starts_with("deny");
}

}  // namespace

// #syscalls: setgroups setresgid setresuid prctl
Status op_become_root(InitContext &context, const become_root_args &) {
  context.setgroups_denied = is_setgroups_denied();
  // The groups of the user who started us would open files to the container that its root should not see.
  if (!context.setgroups_denied && ::setgroups(0, nullptr) != 0) return last_error("setgroups");
  if (::setresgid(0, 0, 0) != 0) return last_error("setresgid", "0");
  if (::setresuid(0, 0, 0) != 0) return last_error("setresuid", "0");
  return die_with_parent(context.link);
}

}  // namespace sampan
