// SPDX-License-Identifier: Apache-2.0
// The helper's entry: forget everything that was inherited, make sure of what we are, then play the role we were given.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "addon/helper/link.h"
#include "addon/helper/monitor.h"
#include "addon/helper/netd.h"
#include "addon/helper/no_exceptions.h"
#include "addon/helper/read_settings.h"
#include "addon/helper/reaper.h"
#include "addon/helper/start_failure.h"
#include "addon/helper/task.h"
#include "addon/protocol/plan.h"
#include "addon/sys/process.h"
#include "addon/sys/signals.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

namespace {

constexpr int kFailed = 125;
constexpr uint32_t kMaxPassedFds = 1024;

using RoleMain = int (*)(const Settings &, const Plan &, int control);

struct Role {
  std::string_view word;
  const char *process_name;
  RoleMain run;
};

constexpr Role kRoles[] = {{"create", "sampan-monitor", monitor_main},
                           {"exec", "sampan-monitor", monitor_main},
                           {"task", "sampan-task", task_main},
                           {"netd", "sampan-netd", netd_main}};

// The only output of this program that is not a frame.
int refuse(std::string_view why) {
  constexpr std::string_view kPrefix = "sampan helper: ";
  (void)!::write(STDERR_FILENO, kPrefix.data(), kPrefix.size());
  (void)!::write(STDERR_FILENO, why.data(), why.size());
  (void)!::write(STDERR_FILENO, "\n", 1);
  return kFailed;
}

template <typename Number>
std::optional<Number> parse(std::string_view text) {
  Number number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// A container's root owns the file that the helper was installed as, and may reach it through /proc/<pid>/exe: only a
// sealed copy may run (CVE-2019-5736).
bool is_sealed_copy() {
  const unique_fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!self) return false;
  constexpr int kNeeded = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
  const int seals = ::fcntl(self.get(), F_GET_SEALS);
  return seals >= 0 && (seals & kNeeded) == kNeeded;
}

// Everything that was not given is closed, and what was given ends with execve.
bool keep_only(uint32_t passed) {
  const unsigned first_unknown = static_cast<unsigned>(kFirstPassedFd) + passed;
  return sys::close_range(first_unknown, ~0U) == 0 && sys::close_range(kPlanFd, ~0U, sys::kCloseRangeCloexec) == 0;
}

const Role *find_role(std::string_view word) {
  for (const Role &role : kRoles) {
    if (role.word == word) return &role;
  }
  return nullptr;
}

int run_role(const Role &role, uint32_t passed) {
  ::prctl(PR_SET_NAME, role.process_name);
  if (!is_sealed_copy()) return refuse("not running from a sealed copy");
  constexpr mode_t kPrivate = 077;
  ::umask(kPrivate);
  // EPERM: we lead a session already.
  ::setsid();
  auto plan = Plan::open(kPlanFd, passed);
  if (!plan) {
    report_failure(kControlFd, {.stage = Stage::monitor,
                                .error_number = plan.error().number,
                                .operation = kNoOperation,
                                .index = 0,
                                .subject = plan.error().subject,
                                .detail = describe(plan.error())});
    return kFailed;
  }
  return role.run(read_settings(plan.value()), plan.value(), kControlFd);
}

int run(int argc, char *argv[]) {
  if (argc != 3) return refuse("started by hand: it is a part of sampan and takes its orders from there");
  // Before the signal mask is reset: the reaper was started with all signals blocked on purpose.
  if (std::string_view(argv[1]) == "reap") {
    ::prctl(PR_SET_NAME, "sampan-init");
    const auto child = parse<pid_t>(argv[2]);
    return child ? run_reaper(*child) : refuse("no child");
  }
  sys::reset_signals();
  ::prctl(PR_SET_DUMPABLE, 0);
  const Role *role = find_role(argv[1]);
  const auto passed = parse<uint32_t>(argv[2]);
  if (role == nullptr || !passed || *passed > kMaxPassedFds) return refuse("unknown role");
  if (!keep_only(*passed)) return refuse("close_range failed: Linux 5.11 or newer is needed");
  return run_role(*role, *passed);
}

}  // namespace

}  // namespace sampan

int main(int argc, char *argv[]) { return sampan::run(argc, argv); }
