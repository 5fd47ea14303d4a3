// SPDX-License-Identifier: Apache-2.0
// The interpreter: operations in order, the first failure is reported and ends the process.
#include "addon/helper/init.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <string>

#include "addon/helper/link.h"
#include "addon/helper/ops/ops.h"

namespace sampan {

namespace {

constexpr int kFailed = 125;

Status run_operation(InitContext &context, const Plan &plan, uint32_t index) {
  switch (plan.code(index)) {
#define SAMPAN_RUN_monitor(name) \
  case Op::name:                 \
    break;
#define SAMPAN_RUN_init(name) \
  case Op::name:              \
    return op_##name(context, read_##name(plan, index));
#define F(type, name)
#define OP(name, stage, doc, fields) SAMPAN_RUN_##stage(name)
#include "addon/protocol/ops.def"
#undef OP
#undef F
#undef SAMPAN_RUN_init
#undef SAMPAN_RUN_monitor
  }
  return {};
}

// Keys are our own identifiers: nothing in them needs escaping.
std::string to_json(const std::vector<Counter> &counters) {
  std::string json = "{";
  for (const auto &[key, value] : counters) {
    if (json.size() > 1) json += ',';
    json.append("\"").append(key).append("\":").append(std::to_string(value));
  }
  return json + '}';
}

Status prepare(InitContext &context, const InitOrigin &origin) {
  if (auto armed = die_with_parent(context.link); !armed) return armed;
  if (auto ordered = receive_order(context.link, LinkKind::proceed); !ordered) return ordered;
  // Modes of operations are meant as written; set_umask sets the container's own.
  ::umask(0);
  if (origin.new_cgroup_namespace && ::unshare(CLONE_NEWCGROUP) != 0) {
    return last_error("unshare", "cgroup namespace");
  }
  context.joined = origin.joined;
  if (!origin.joined) return {};
  context.root.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return context.root ? Status() : Status(last_error("open", "/"));
}

}  // namespace

void run_init(const Plan &plan, unique_fd link, const InitOrigin &origin) {
  InitContext context;
  context.link = link.get();
  if (auto prepared = prepare(context, origin); !prepared) {
    // When this fails there is nobody to tell.
    (void)send_error(context.link, prepared.error(), kNoOperation, 0);
    ::_exit(kFailed);
  }
  for (uint32_t index = 0; index < plan.size(); ++index) {
    const auto done = run_operation(context, plan, index);
    if (done) continue;
    (void)send_error(context.link, done.error(), static_cast<uint32_t>(plan.code(index)), index);
    ::_exit(kFailed);
  }
  const auto sent = send_result(context.link, to_json(context.result));
  ::_exit(sent ? 0 : kFailed);
}

}  // namespace sampan
