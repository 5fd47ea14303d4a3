// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/restart_policy.h"

#include <algorithm>

namespace sampan {

std::optional<int64_t> RestartPolicy::decide(int exit_code, int64_t ran_ms) {
  if (!wants(exit_code)) return std::nullopt;
  if (ran_ms >= kHealthyRunMs) delay_ms_ = 0;
  ++count_;
  return wait_longer();
}

int64_t RestartPolicy::wait_longer() {
  delay_ms_ = delay_ms_ == 0 ? kFirstDelayMs : std::min(delay_ms_ * 2, kLongestDelayMs);
  return delay_ms_;
}

bool RestartPolicy::wants(int exit_code) const {
  switch (kind_) {
    case RestartKind::never:
      return false;
    case RestartKind::always:
      return true;
    case RestartKind::on_failure:
      return exit_code != 0 && (max_retries_ == 0 || count_ < max_retries_);
  }
  return false;
}

}  // namespace sampan
