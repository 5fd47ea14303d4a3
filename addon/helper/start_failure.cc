// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/start_failure.h"

#include "addon/helper/frame_io.h"
#include "addon/helper/link.h"

namespace sampan {

StartFailure monitor_failure(const Plan &plan, Op op, const Error &error) {
  StartFailure failure;
  failure.error_number = error.number;
  failure.operation = static_cast<uint32_t>(op);
  failure.subject = error.subject;
  failure.detail = describe(error);
  for (uint32_t index = 0; index < plan.size(); ++index) {
    if (plan.code(index) != op) continue;
    failure.index = index;
    break;
  }
  return failure;
}

std::string describe(const StartFailure &failure) {
  std::string text = failure.operation == kNoOperation ? "start" : name_of(static_cast<Op>(failure.operation));
  for (const std::string &part : {failure.subject, failure.detail}) {
    if (!part.empty()) text.append(": ").append(part);
  }
  return text.append(" (errno ").append(std::to_string(failure.error_number)).append(")");
}

void report_failure(int control, const StartFailure &failure) {
  FrameHeader header;
  header.type = FrameType::error;
  header.flags = static_cast<uint16_t>(failure.stage);
  header.a = static_cast<uint32_t>(failure.error_number);
  header.b = failure.operation;
  header.c = failure.index;
  std::string payload = failure.subject;
  payload.push_back('\0');
  payload += failure.detail;
  payload.resize(payload.size() < kMaxFramePayload ? payload.size() : kMaxFramePayload);
  // The second frame on this connection at most: its socket has room, or nobody is there any more.
  (void)send_frame(control, header, payload);
}

}  // namespace sampan
