// SPDX-License-Identifier: Apache-2.0
// Whether, and how soon, a container that has ended is started again: docker's restart policies. Pure.
//
// The first restart comes after 100 ms, each one after it takes twice as long, up to a minute; a run of ten seconds or
// more counts as healthy and begins anew at 100 ms. That somebody asked the container to stop is the monitor's to know.
#pragma once

#include <cstdint>
#include <optional>

namespace sampan {

// `unless-stopped` differs from `always` for a daemon that starts with the machine only; there is none.
enum class RestartKind : uint32_t { never = 0, always = 1, on_failure = 2 };

class RestartPolicy {
 public:
  static constexpr int64_t kFirstDelayMs = 100;
  static constexpr int64_t kLongestDelayMs = 60'000;
  static constexpr int64_t kHealthyRunMs = 10'000;

  // max_retries 0: no limit. It counts for on_failure alone.
  RestartPolicy(RestartKind kind, uint32_t max_retries) : kind_(kind), max_retries_(max_retries) {}

  // The run ended with this code after so long: the milliseconds to wait before the next one, which is counted as of
  // now; nothing when there is to be none.
  std::optional<int64_t> decide(int exit_code, int64_t ran_ms);

  // The start that was decided could not even be tried: wait longer. It is not counted again.
  int64_t wait_longer();

  uint32_t count() const { return count_; }

 private:
  bool wants(int exit_code) const;

  RestartKind kind_;
  uint32_t max_retries_;
  uint32_t count_ = 0;
  int64_t delay_ms_ = 0;
};

}  // namespace sampan
