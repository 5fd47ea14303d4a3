// SPDX-License-Identifier: Apache-2.0
// The monitor's first phase: from clone to execve.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iterator>
#include <utility>

#include "addon/helper/frame_io.h"
#include "addon/helper/monitor_process.h"
#include "addon/helper/timestamp.h"
#include "addon/sys/proc.h"

namespace sampan {
namespace {

struct Pipe {
  unique_fd reader;
  unique_fd writer;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return last_error("pipe2");
  return Pipe{unique_fd(ends[0]), unique_fd(ends[1])};
}

// Our end only: each end of a pipe has its own flags, and the container's end must block.
void set_non_blocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

bool contains(const Plan &plan, Op op) {
  for (uint32_t index = 0; index < plan.size(); ++index) {
    if (plan.code(index) == op) return true;
  }
  return false;
}

StartFailure init_failure(LinkEvent event) {
  return {.stage = Stage::init,
          .error_number = event.error_number,
          .operation = event.operation,
          .index = event.index,
          .subject = std::move(event.subject),
          .detail = std::move(event.detail)};
}

}  // namespace

// False: nothing runs, and the client knows why if it is still there.
bool MonitorProcess::start() {
  constexpr StepFunction kSteps[] = {&MonitorProcess::launch,           &MonitorProcess::prepare,
                                     &MonitorProcess::wait_until_ready, &MonitorProcess::wait_for_network,
                                     &MonitorProcess::wait_for_go,      &MonitorProcess::wait_until_executed};
  const Step outcome = take_steps(std::begin(kSteps), std::end(kSteps));
  if (outcome == Step::failed && failure_) report_failure(control_.get(), *failure_);
  if (outcome != Step::done) return false;
  relay_->add_control(std::move(control_), settings_.control_attached, settings_.control_streams,
                      settings_.control_detach_keys);
  return true;
}

// Up to the first that is not done.
MonitorProcess::Step MonitorProcess::take_steps(const StepFunction *begin, const StepFunction *end) {
  Step outcome = Step::done;
  for (const StepFunction *step = begin; step != end && outcome == Step::done; ++step) outcome = (this->**step)();
  return outcome;
}

MonitorProcess::Step MonitorProcess::launch() {
  InitStdio stdio;
  unique_fd in;
  unique_fd out;
  unique_fd err;
  if ((settings_.stdio_flags & kStdioTty) == 0) {
    Result<Pipe> stdout_pipe = make_pipe();
    if (!stdout_pipe) return fail(Op::stdio, stdout_pipe.error());
    Result<Pipe> stderr_pipe = make_pipe();
    if (!stderr_pipe) return fail(Op::stdio, stderr_pipe.error());
    stdout_pipe_ = std::move(stdout_pipe.value().reader);
    stderr_pipe_ = std::move(stderr_pipe.value().reader);
    out = std::move(stdout_pipe.value().writer);
    err = std::move(stderr_pipe.value().writer);
    if ((settings_.stdio_flags & kStdioKeepStdin) != 0) {
      Result<Pipe> stdin_pipe = make_pipe();
      if (!stdin_pipe) return fail(Op::stdio, stdin_pipe.error());
      in = std::move(stdin_pipe.value().reader);
      stdin_pipe_ = std::move(stdin_pipe.value().writer);
      set_non_blocking(stdin_pipe_.get());
    } else {
      in.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!in) return fail(Op::stdio, last_error("open", "/dev/null"));
    }
    set_non_blocking(stdout_pipe_.get());
    set_non_blocking(stderr_pipe_.get());
    stdio = {in.get(), out.get(), err.get()};
  }
  oom_kills_before_ = oom_kills();
  unique_fd user_namespace;
  if (settings_.lease_fd >= 0) {
    // Another run of the container goes on with the lease of the first.
    if (!lease_.is_open()) lease_.open(unique_fd(settings_.lease_fd), settings_.lease_dir_fd);
    Result<unique_fd> entered = lease_.enter(settings_.lease_description);
    if (!entered) return fail_network(entered.error());
    user_namespace = entered.take();
  }
  Result<InitProcess> launched = launch_init(settings_, plan_, stdio, user_namespace.get());
  if (!launched) return fail(settings_.join_pidfd >= 0 ? Op::join_namespaces : Op::namespaces, launched.error());
  init_ = launched.take();
  if (!lease_.is_open()) return Step::done;
  const Status handed = lease_.attach(std::move(init_.network_namespace));
  return handed ? Step::done : fail_network(handed.error());
}

// Everything of the monitor that can fail; the init process is at work meanwhile. Signals are blocked only now, so that
// the init process has inherited nothing of it.
MonitorProcess::Step MonitorProcess::prepare() {
  block_monitor_signals(signals_);
  if (!signals_) return fail(Op::stdio, last_error("signalfd"));
  if (Status opened = poller_.open(); !opened) return fail(Op::stdio, opened.error());
  self_.pid = getpid();
  if (const auto ticks = sys::start_time(self_.pid)) self_.start_time = ticks.value();
  if (settings_.control_detach_keys.size() > DetachKeys::kMaxKeys) {
    return fail(Op::attach_control, {EINVAL, "detach keys", "too many detach keys"});
  }
  if (settings_.log_name != nullptr) {
    const Status opened =
        log_.open({settings_.log_dir_fd, settings_.log_name, settings_.log_max_size_bytes, settings_.log_max_files});
    if (!opened) return fail(Op::log_json_file, opened.error());
  }
  if (settings_.exit_name != nullptr) {
    const Status prepared = exit_record_.prepare(settings_.exit_dir_fd, settings_.exit_name, settings_.exit_durable);
    if (!prepared) return fail(Op::exit_record, prepared.error());
  }
  if (settings_.health.plan_fd >= 0) {
    auto opened = HealthCheck::open(poller_, settings_.health, plan_.passed(), settings_.cgroup_fd);
    if (!opened) return fail(Op::health_check, opened.error());
    health_ = opened.take();
  }
  if (settings_.attach_name != nullptr) {
    const Status opened = attach_server_.open(settings_.attach_dir_fd, settings_.attach_name);
    if (!opened) return fail(Op::attach_socket, opened.error());
  }
  return Step::done;
}

MonitorProcess::Step MonitorProcess::fail(Op op, const Error &error) {
  failure_ = monitor_failure(plan_, op, error);
  return Step::failed;
}

MonitorProcess::Step MonitorProcess::wait_until_ready() {
  for (;;) {
    struct pollfd polled[] = {{init_.link.get(), POLLIN, 0}, {control_.get(), 0, 0}, {signals_.get(), POLLIN, 0}};
    if (poll(polled, 3, -1) < 0) continue;
    if ((polled[1].revents & (POLLHUP | POLLERR)) != 0) return Step::abandoned;
    if (polled[0].revents != 0) {
      const Step step = take_link_event();
      if (step != Step::abandoned) return step;
      continue;
    }
    struct signalfd_siginfo info;
    if (read(signals_.get(), &info, sizeof info) < 0) continue;
    // The end of the init process shows on the link; that of others means nothing.
    if (info.ssi_signo == SIGCHLD) continue;
    stopping_ = true;
    return Step::abandoned;
  }
}

// Step::abandoned: neither ready nor failed, go on.
MonitorProcess::Step MonitorProcess::take_link_event() {
  Result<LinkEvent> received = receive_link(init_.link.get());
  if (!received) return fail(Op::wait_go, received.error());
  LinkEvent &event = received.value();
  switch (event.kind) {
    case LinkEvent::Kind::ready:
      return Step::done;
    case LinkEvent::Kind::pty:
      terminal_ = std::move(event.pty_master);
      return Step::abandoned;
    case LinkEvent::Kind::result:
      return Step::abandoned;
    case LinkEvent::Kind::error:
      failure_ = init_failure(std::move(event));
      return Step::failed;
    case LinkEvent::Kind::closed:
      failure_ = died_early();
      return Step::failed;
  }
  return Step::failed;
}

// netd was at work while the init process built its root.
MonitorProcess::Step MonitorProcess::wait_for_network() {
  if (!lease_.is_open()) return Step::done;
  const Status attached = lease_.wait_attached();
  return attached ? Step::done : fail_network(attached.error());
}

// A restart waits for the next netd, which the lease sees to; the client of a first start is told.
MonitorProcess::Step MonitorProcess::fail_network(const Error &error) {
  const bool is_restart = !control_;
  return is_restart && error.number == ECONNRESET ? Step::postponed : fail(Op::network_lease, error);
}

MonitorProcess::Step MonitorProcess::wait_for_go() {
  const FrameHeader ready = {.type = FrameType::ready,
                             .a = static_cast<uint32_t>(init_.pid),
                             .b = static_cast<uint32_t>(init_.start_time),
                             .c = static_cast<uint32_t>(init_.start_time >> 32)};
  if (send_frame(control_.get(), ready, lease_.published()) != SendOutcome::sent) return Step::abandoned;
  for (;;) {
    struct pollfd polled[] = {{control_.get(), POLLIN, 0}, {init_.link.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    if (poll(polled, 3, -1) < 0) continue;
    if (polled[1].revents != 0) return take_link_event() == Step::failed ? Step::failed : Step::abandoned;
    if (polled[0].revents != 0) {
      char payload[kMaxFramePayload];
      Frame frame;
      const ReceiveOutcome outcome = receive_frame(control_.get(), payload, &frame);
      if (outcome == ReceiveOutcome::closed) return Step::abandoned;
      if (outcome == ReceiveOutcome::frame && frame.header.type == FrameType::go) break;
      continue;
    }
    struct signalfd_siginfo info;
    if (read(signals_.get(), &info, sizeof info) > 0 && info.ssi_signo != SIGCHLD) return Step::abandoned;
  }
  // A failure means that the init process has died since, and the link tells that better.
  (void)send_go(init_.link.get());
  return Step::done;
}

// From GO on the container belongs to itself: the client may go away.
MonitorProcess::Step MonitorProcess::wait_until_executed() {
  for (;;) {
    Result<LinkEvent> received = receive_link(init_.link.get());
    if (!received) return fail(Op::exec, received.error());
    LinkEvent &event = received.value();
    if (event.kind == LinkEvent::Kind::pty) terminal_ = std::move(event.pty_master);
    if (event.kind == LinkEvent::Kind::error) {
      failure_ = init_failure(std::move(event));
      return Step::failed;
    }
    if (event.kind != LinkEvent::Kind::closed) continue;
    if (!has_executed()) {
      failure_ = died_early();
      return Step::failed;
    }
    init_.link.reset();
    begin_run();
    const Status opened = open_streams();
    return opened ? Step::done : fail(Op::stdio, opened.error());
  }
}

void MonitorProcess::begin_run() {
  started_at_ = now();
  started_ms_ = monotonic_ms();
  if (health_) health_->begin(self_, {.pid = init_.pid, .start_time = init_.start_time});
}

Status MonitorProcess::open_streams() {
  if ((settings_.stdio_flags & kStdioTty) == 0) {
    relay_->open_pipes(std::move(stdin_pipe_), std::move(stdout_pipe_), std::move(stderr_pipe_));
    return {};
  }
  if (!terminal_) return Error{ENOTTY, "open_pty", "the plan opens no terminal"};
  return relay_->open_terminal(std::move(terminal_));
}

// The link is closed by a successful execve as well as by death. The kernel knows: PF_FORKNOEXEC is set from fork until
// execve is past the point of no return. With --init, process 1 never executes anything, and the link says all there is
// to know.
bool MonitorProcess::has_executed() const {
  if (contains(plan_, Op::spawn_init)) return true;
  const Result<uint64_t> flags = sys::process_flags(init_.pid);
  return !flags || (flags.value() & sys::kProcessForkedButNoExec) == 0;
}

// The init process said nothing and is gone (or going).
StartFailure MonitorProcess::died_early() const {
  StartFailure failure = monitor_failure(plan_, Op::exec, {ESRCH, "waitid", "the init process"});
  failure.stage = Stage::init;
  siginfo_t info = {};
  kill(init_.pid, SIGKILL);
  // WNOWAIT: give_up_init() reaps it.
  if (waitid(P_PID, static_cast<id_t>(init_.pid), &info, WEXITED | WNOWAIT) == 0) {
    failure.detail = info.si_code == CLD_EXITED ? "ended with status " : "killed by signal ";
    failure.detail += std::to_string(info.si_status) + " before it could run the command";
  }
  if (oom_kills() > oom_kills_before_) failure.error_number = ENOMEM;
  return failure;
}

// Kills and reaps it.
void MonitorProcess::give_up_init() {
  if (init_.pid <= 0) return;
  kill(init_.pid, SIGKILL);
  while (waitpid(init_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  init_ = {};
}

// Nothing of the container stays.
void MonitorProcess::undo() {
  give_up_init();
  attach_server_.close();
  remove_cgroup();
  if (settings_.run_record_name != nullptr) unlinkat(settings_.exit_dir_fd, settings_.run_record_name, 0);
  if (control_) close_politely(control_.release());
}

}  // namespace sampan
