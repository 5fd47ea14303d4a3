// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/health_probe.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "addon/helper/link.h"
#include "addon/helper/read_settings.h"
#include "addon/helper/start_failure.h"
#include "addon/helper/timestamp.h"

namespace sampan {
namespace {

// In docker's words where they say it better than an operation and a number.
std::string describe_failure(const LinkEvent &event) {
  const bool is_exec = event.operation == static_cast<uint32_t>(Op::exec);
  if (is_exec && event.error_number == ENOENT) return "exec: \"" + event.subject + "\": executable file not found";
  if (is_exec && event.error_number == EACCES) return "exec: \"" + event.subject + "\": permission denied";
  return describe({.stage = Stage::init,
                   .error_number = event.error_number,
                   .operation = event.operation,
                   .index = event.index,
                   .subject = event.subject,
                   .detail = event.detail});
}

}  // namespace

HealthProbe::HealthProbe(Poller &poller, const Plan &plan, int cgroup_fd)
    : poller_(poller),
      plan_(plan),
      settings_(read_settings(plan)),
      link_watch_(*this, &HealthProbe::take_link),
      output_watch_(*this, &HealthProbe::take_output) {
  settings_.cgroup_fd = cgroup_fd;
}

Status HealthProbe::start(int init_pidfd) {
  output_.clear();
  truncated_ = false;
  failure_.clear();
  start_ = now();
  if (init_pidfd < 0) return Error{ESRCH, "pidfd_open", "container"};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return last_error("pipe2");
  unique_fd reader(ends[0]);
  const unique_fd writer(ends[1]);
  // Our end only: the command's end must block.
  fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  const unique_fd input(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!input) return last_error("open", "/dev/null");
  settings_.join_pidfd = init_pidfd;
  Result<InitProcess> launched = launch_init(settings_, plan_, {input.get(), writer.get(), writer.get()});
  if (!launched) return launched.error();
  process_ = launched.take();
  output_pipe_ = std::move(reader);
  poller_.want(link_watch_, process_.link.get(), EPOLLIN);
  poller_.want(output_watch_, output_pipe_.get(), EPOLLIN);
  return {};
}

// ERROR, or the end of the link: then it was executed, or has died, which its exit status tells.
void HealthProbe::take_link() {
  Result<LinkEvent> received = receive_link(process_.link.get());
  if (received && received.value().kind == LinkEvent::Kind::error) failure_ = describe_failure(received.value());
  if (!received) failure_ = describe(received.error());
  close_link();
}

void HealthProbe::take_output() {
  if (!read_output()) close_output();
}

// False at the end.
bool HealthProbe::read_output() {
  char buffer[kMaxOutput];
  const ssize_t size = read(output_pipe_.get(), buffer, sizeof buffer);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  const auto got = static_cast<size_t>(size);
  const size_t kept = std::min(got, kMaxOutput - output_.size());
  output_.append(buffer, kept);
  truncated_ = truncated_ || kept < got;
  return size > 0;
}

void HealthProbe::expire(int64_t timeout_ms) {
  if (!is_running()) return;
  failure_ = "Health check exceeded timeout (" + to_duration_text(timeout_ms) + ")";
  // It is ours to reap, so that neither number can be somebody else's. Before it has a session of its own there is no
  // such group.
  kill(-process_.pid, SIGKILL);
  kill(process_.pid, SIGKILL);
}

ProbeResult HealthProbe::finish(int wait_status) {
  // What is in the pipe; a process in the background may go on writing, so no more than it can hold.
  constexpr int kMostReads = 16;
  for (int count = 0; output_pipe_ && count < kMostReads; ++count) {
    const size_t before = output_.size();
    if (!read_output() || (output_.size() == before && !truncated_)) break;
  }
  ProbeResult result;
  result.start = start_;
  result.end = now();
  result.exit_code = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
  result.output = output_text();
  if (process_.link && failure_.empty()) take_link();
  if (!failure_.empty()) {
    result.exit_code = -1;
    result.output = result.output.empty() ? failure_ : failure_ + ": " + result.output;
  }
  close_output();
  close_link();
  process_.pid = -1;
  return result;
}

void HealthProbe::abandon() {
  if (!is_running()) return;
  kill(process_.pid, SIGKILL);
  while (waitpid(process_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  close_output();
  close_link();
  process_.pid = -1;
}

void HealthProbe::close_output() {
  if (output_pipe_) poller_.forget(output_watch_, output_pipe_.get());
  output_pipe_.reset();
}

void HealthProbe::close_link() {
  if (process_.link) poller_.forget(link_watch_, process_.link.get());
  process_.link.reset();
}

std::string HealthProbe::output_text() const { return truncated_ ? output_ + "..." : output_; }

}  // namespace sampan
