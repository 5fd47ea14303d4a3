// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/restart_record.h"

#include "addon/helper/timestamp.h"
#include "addon/protocol/record_schema.h"

namespace sampan {

std::string encode_restart_record(const RestartRecord &record) {
  std::string text = std::string("{") + kSchemaMember + ",\"monitor\":" + to_json(record.monitor);
  text += ",\"restartCount\":" + std::to_string(record.count);
  text += record.waiting ? ",\"waiting\":true" : ",\"waiting\":false";
  text += ",\"init\":" + to_json(record.init);
  text += ",\"startedAt\":\"" + to_text(record.started_at);
  text += "\",\"exit\":" + encode_exit_record(record.last_exit);
  text.back() = '}';  // the newline of the exit record
  return text + "\n";
}

}  // namespace sampan
