// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/health_state.h"

#include <utility>

#include "addon/helper/json_text.h"
#include "addon/helper/timestamp.h"
#include "addon/protocol/record_schema.h"

namespace sampan {
namespace {

const char *word_of(HealthStatus status) {
  switch (status) {
    case HealthStatus::starting:
      return "starting";
    case HealthStatus::healthy:
      return "healthy";
    case HealthStatus::unhealthy:
      return "unhealthy";
  }
  return "";
}

// With docker's names, because `inspect` shows them as they are.
std::string encode_result(const ProbeResult &result) {
  std::string text = "{\"Start\":\"" + to_text(result.start) + "\",\"End\":\"" + to_text(result.end);
  text += "\",\"ExitCode\":" + std::to_string(result.exit_code);
  return text + ",\"Output\":" + to_json_string(result.output) + "}";
}

}  // namespace

void HealthState::begin() {
  status_ = HealthStatus::starting;
  failing_streak_ = 0;
}

void HealthState::add(ProbeResult result, int64_t began_after_ms) {
  const bool passed = result.exit_code == 0;
  if (log_.size() == kMostResults) log_.pop_front();
  log_.push_back(std::move(result));
  if (passed) {
    status_ = HealthStatus::healthy;
    failing_streak_ = 0;
    return;
  }
  if (status_ == HealthStatus::starting && began_after_ms < settings_.start_period_ms) return;
  if (++failing_streak_ >= settings_.retries) status_ = HealthStatus::unhealthy;
}

int64_t HealthState::interval_ms(int64_t running_ms) const {
  const bool in_start = running_ms < settings_.start_period_ms && status_ == HealthStatus::starting;
  return in_start ? settings_.start_interval_ms : settings_.interval_ms;
}

std::string HealthState::encode(const ProcessIdentity &monitor, const ProcessIdentity &init) const {
  std::string text = std::string("{") + kSchemaMember + ",\"monitor\":" + to_json(monitor);
  text += ",\"init\":" + to_json(init);
  text.append(",\"status\":\"").append(word_of(status_));
  text += "\",\"failingStreak\":" + std::to_string(failing_streak_) + ",\"log\":[";
  for (const ProbeResult &result : log_) {
    if (text.back() != '[') text += ',';
    text += encode_result(result);
  }
  return text + "]}\n";
}

std::string to_duration_text(int64_t milliseconds) {
  constexpr int64_t kSecond = 1000;
  constexpr int64_t kMinute = 60 * kSecond;
  constexpr int64_t kHour = 60 * kMinute;
  if (milliseconds > 0 && milliseconds < kSecond) return std::to_string(milliseconds) + "ms";
  std::string text;
  if (milliseconds >= kHour) text += std::to_string(milliseconds / kHour) + "h";
  if (milliseconds >= kMinute) text += std::to_string(milliseconds % kHour / kMinute) + "m";
  text += std::to_string(milliseconds % kMinute / kSecond);
  if (milliseconds % kSecond != 0) {
    std::string fraction = std::to_string(kSecond + milliseconds % kSecond);
    fraction[0] = '.';
    text += fraction.substr(0, fraction.find_last_not_of('0') + 1);
  }
  return text + "s";
}

}  // namespace sampan
