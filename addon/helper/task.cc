// SPDX-License-Identifier: Apache-2.0
// How this works: the init process does the work; this process only watches two ends. The link gives the outcome; the
// control connection closing means that nobody wants it any more. The init process dies with this one
// (PR_SET_PDEATHSIG), so nothing is left running whichever of them is killed.
#include "addon/helper/task.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <optional>
#include <vector>

#include "addon/helper/frame_io.h"
#include "addon/helper/launch.h"
#include "addon/helper/link.h"
#include "addon/helper/start_failure.h"

namespace sampan {

namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;

class Task {
 public:
  Task(const Plan &plan, int control, InitProcess process)
      : plan_(plan), control_(control), process_(std::move(process)), buffer_(kMaxFramePayload) {}
  Task(const Task &) = delete;
  Task &operator=(const Task &) = delete;
  ~Task() { end(); }

  int run() {
    for (;;) {
      pollfd ends[] = {{process_.link.get(), POLLIN, 0}, {control_, POLLIN, 0}};
      if (::poll(ends, 2, -1) < 0 && errno != EINTR) return kFailed;
      if (ends[0].revents != 0) {
        if (const auto status = handle_link()) return *status;
      }
      if (ends[1].revents != 0 && !handle_control()) return kFailed;
    }
  }

 private:
  // The exit status once the outcome is known.
  std::optional<int> handle_link() {
    auto received = receive_link(process_.link.get());
    if (!received) return fail(received.error());
    LinkEvent &event = received.value();
    switch (event.kind) {
      case LinkEvent::Kind::ready:
        return report_ready();
      case LinkEvent::Kind::pty:
        return std::nullopt;  // a task has nobody to show a terminal to
      case LinkEvent::Kind::error:
        report_failure(control_, {.stage = Stage::init,
                                  .error_number = event.error_number,
                                  .operation = event.operation,
                                  .index = event.index,
                                  .subject = std::move(event.subject),
                                  .detail = std::move(event.detail)});
        return kFailed;
      case LinkEvent::Kind::result:
        return report_result(event.subject);
      case LinkEvent::Kind::closed:
        return fail(describe_end());
    }
    return kFailed;
  }

  std::optional<int> report_ready() const {
    const FrameHeader ready{.type = FrameType::ready,
                            .flags = 0,
                            .a = static_cast<uint32_t>(process_.pid),
                            .b = static_cast<uint32_t>(process_.start_time),
                            .c = static_cast<uint32_t>(process_.start_time >> 32)};
    return send_frame(control_, ready) == SendOutcome::sent ? std::nullopt : std::optional(kFailed);
  }

  int report_result(std::string_view json) const {
    const FrameHeader result{.type = FrameType::result, .flags = 0, .a = 0, .b = 0, .c = 0};
    return send_frame(control_, result, json) == SendOutcome::sent ? kDone : kFailed;
  }

  // False when the client is gone.
  bool handle_control() {
    Frame frame;
    switch (receive_frame(control_, buffer_.data(), &frame)) {
      case ReceiveOutcome::closed:
        return false;
      case ReceiveOutcome::none:
        return true;
      case ReceiveOutcome::frame:
        break;
    }
    // Anything else is not for a task. When GO cannot be sent, the link says why.
    if (frame.header.type == FrameType::go) (void)send_go(process_.link.get());
    return true;
  }

  int fail(const Error &error) {
    StartFailure failure{.stage = Stage::init,
                         .error_number = error.number,
                         .operation = kNoOperation,
                         .index = 0,
                         .subject = error.subject,
                         .detail = describe(error)};
    if (plan_.size() > 0) failure.operation = static_cast<uint32_t>(plan_.code(plan_.size() - 1));
    report_failure(control_, failure);
    return kFailed;
  }

  // The work ended without a word: killed, for lack of memory or by somebody.
  Error describe_end() {
    int status = 0;
    while (::waitpid(process_.pid, &status, 0) < 0 && errno == EINTR) {
    }
    process_.pid = -1;
    Error error{ECHILD, "task", "the process ended early"};
    error.detail = WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                                       : "exit status " + std::to_string(WEXITSTATUS(status));
    return error;
  }

  void end() const {
    if (process_.pid <= 0) return;
    ::kill(process_.pid, SIGKILL);
    while (::waitpid(process_.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  const Plan &plan_;
  int control_;
  InitProcess process_;
  std::vector<char> buffer_;
};

}  // namespace

int task_main(const Settings &settings, const Plan &plan, int control) {
  auto launched = launch_init(settings, plan, {});
  if (!launched) {
    const Op op = settings.join_pidfd >= 0 ? Op::join_namespaces : Op::namespaces;
    report_failure(control, monitor_failure(plan, op, launched.error()));
    return kFailed;
  }
  return Task(plan, control, launched.take()).run();
}

}  // namespace sampan
