// SPDX-License-Identifier: Apache-2.0
// Processes by descriptor: open, signal, wait, reap.

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <memory>

#include "addon/binding/groups.h"
#include "addon/binding/poll.h"
#include "addon/binding/values.h"
#include "addon/sys/process.h"

namespace sampan::binding {
namespace {

// Watches a pidfd, which becomes readable when the process has ended (pidfd_open(2)), and settles a promise.
class ProcessWait final : public PollListener, public std::enable_shared_from_this<ProcessWait> {
 public:
  explicit ProcessWait(Napi::Env env)
      : env_(env), deferred_(Napi::Promise::Deferred::New(env)), context_(env, "sampan:pidfdWait"), poll_(*this) {}

  Status start(int pidfd) {
    // A descriptor of our own: the caller may close his, or wait for it twice.
    unique_fd own(::fcntl(pidfd, F_DUPFD_CLOEXEC, 0));
    if (!own) return last_error("fcntl(F_DUPFD_CLOEXEC)");
    if (Status opened = poll_.open(env_, std::move(own)); !opened) return opened;
    self_ = shared_from_this();
    return poll_.watch(UV_READABLE);
  }

  // Only the first call has an effect.
  void settle(bool ended) {
    const auto self = std::move(self_);
    if (self == nullptr) return;
    poll_.close();
    deferred_.Resolve(Napi::Boolean::New(env_, ended));
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

 private:
  void on_poll(int) override {
    const auto self = shared_from_this();
    const Napi::HandleScope scope(env_);
    // Runs the promise jobs when it closes.
    const Napi::CallbackScope callback(env_, context_);
    settle(true);
  }
  void on_teardown() override { self_.reset(); }

  Napi::Env env_;
  Napi::Promise::Deferred deferred_;
  Napi::AsyncContext context_;
  Poll poll_;
  std::shared_ptr<ProcessWait> self_;  // while the event loop watches
};

Napi::Value pidfd_wait(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  const auto wait = std::make_shared<ProcessWait>(env);
  check(env, wait->start(Arguments(info).fd(0, "pidfd")));
  Napi::Object result = Napi::Object::New(env);
  result.Set("done", wait->promise());
  result.Set("cancel", Napi::Function::New(
                           env, [wait](const Napi::CallbackInfo &) { wait->settle(false); }, "cancel"));
  return result;
}

Napi::Value pidfd_open(const Napi::CallbackInfo &info) {
  unique_fd fd(sys::pidfd_open(Arguments(info).integer(0, "pid")));
  if (!fd) throw to_error(info.Env(), last_error("pidfd_open"));
  return release_fd(info.Env(), std::move(fd));
}

void pidfd_send_signal(const Napi::CallbackInfo &info) {
  const Arguments arguments(info);
  if (sys::pidfd_send_signal(arguments.fd(0, "pidfd"), arguments.integer(1, "signal")) < 0) {
    throw to_error(info.Env(), last_error("pidfd_send_signal"));
  }
}

Napi::Value reap(const Napi::CallbackInfo &info) {
  siginfo_t status{};
  const auto pidfd = static_cast<id_t>(Arguments(info).fd(0, "pidfd"));
  // __WALL: also a child that has not come to execve(2), whatever its exit signal.
  if (::waitid(static_cast<idtype_t>(sys::kWaitPidfd), pidfd, &status, WEXITED | WNOHANG | __WALL) < 0) {
    throw to_error(info.Env(), last_error("waitid"));
  }
  if (status.si_pid == 0) return info.Env().Undefined();
  const bool exited = status.si_code == CLD_EXITED;
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("code", exited ? status.si_status : 0);
  result.Set("signal", exited ? 0 : status.si_status);
  return result;
}

}  // namespace

void add_pidfd(Napi::Env env, Napi::Object exports) {
  exports.Set("pidfdOpen", Napi::Function::New(env, pidfd_open, "pidfdOpen"));
  exports.Set("pidfdSendSignal", Napi::Function::New(env, pidfd_send_signal, "pidfdSendSignal"));
  exports.Set("pidfdWait", Napi::Function::New(env, pidfd_wait, "pidfdWait"));
  exports.Set("reap", Napi::Function::New(env, reap, "reap"));
}

}  // namespace sampan::binding
