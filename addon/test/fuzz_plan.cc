// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the plan decoder: whatever is accepted must be readable in full, by every reader of its operations.
#include <cstdint>
#include <cstring>

#include "addon/helper/read_settings.h"
#include "addon/protocol/plan.h"

namespace {

// Reading is what ASan watches; the sum keeps the compiler from leaving it out.
size_t touch(const char *string) { return string == nullptr ? 0 : std::strlen(string); }
size_t touch(const sampan::StringList &list) {
  size_t sum = 0;
  for (const char *string : list) sum += std::strlen(string);
  return sum;
}
size_t touch(uint32_t value) { return value; }
size_t touch(uint64_t value) { return value; }
size_t touch(int value) { return static_cast<size_t>(value); }

size_t touch_operation(const sampan::Plan &plan, uint32_t index) {
  size_t sum = 0;
  switch (plan.code(index)) {
#define F(type, name) sum += touch(args.name);
#define OP(name, stage, doc, fields)                                     \
  case sampan::Op::name: {                                               \
    [[maybe_unused]] const auto args = sampan::read_##name(plan, index); \
    fields break;                                                        \
  }
#include "addon/protocol/ops.def"
#undef OP
#undef F
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr uint32_t kPassed = 3;
  const auto plan = sampan::Plan::decode(std::as_bytes(std::span(data, size)), kPassed);
  if (!plan) return 0;
  static volatile size_t sink;
  for (uint32_t index = 0; index < plan.value().size(); ++index) sink = touch_operation(plan.value(), index);
  sink = sampan::read_settings(plan.value()).uid_map.size();
  (void)sink;
  return 0;
}
