// SPDX-License-Identifier: Apache-2.0
// The operations of the init stage: one function per row of ops.def, one file per function (or closely related pair).
// Each trusts nothing but the bounds-checked plan, and says in its error what it failed on and which call failed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "addon/protocol/plan.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

struct Counter {
  std::string key;
  uint64_t value;
};

// What operations leave for the ones after them. One per init process.
struct InitContext {
  int link = -1;        // to the monitor (or task) process, close-on-exec
  bool joined = false;  // another process in a running container (exec), not its first

  // Directory that target paths are resolved in: the root under construction, then "/" once pivot_root has run.
  unique_fd root;

  bool setgroups_denied = false;  // become_root: the id map has one id only, groups cannot be changed
  uid_t uid = 0;                  // set_user
  std::string home = "/";         // set_user, for exec
  unique_fd mask_directory;       // mask_path: the one empty directory that hides others

  // Numbers that the RESULT frame of a task carries, in order.
  std::vector<Counter> result;
  void add_result(std::string key, uint64_t value) { result.push_back({std::move(key), value}); }
};

#define SAMPAN_OP_monitor(name)
#define SAMPAN_OP_init(name) Status op_##name(InitContext &context, const name##_args &args);
#define F(type, name)
#define OP(name, stage, doc, fields) SAMPAN_OP_##stage(name)
#include "addon/protocol/ops.def"
#undef OP
#undef F
#undef SAMPAN_OP_init
#undef SAMPAN_OP_monitor

}  // namespace sampan
