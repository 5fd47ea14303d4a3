// SPDX-License-Identifier: Apache-2.0
#include "addon/binding/spawn_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <climits>

#include "addon/sys/process.h"

namespace sampan::binding {
namespace {

constexpr size_t kStackSize = 64 * 1024;
constexpr size_t kGuardSize = 64 * 1024;  // at least one page on every architecture
constexpr int kExecFailed = 127;
constexpr int kSignals = 64;

class Stack {
 public:
  static Result<Stack> allocate() {
    void *const memory =
        ::mmap(nullptr, kGuardSize + kStackSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return last_error("mmap");
    Stack stack(static_cast<char *>(memory));
    if (::mprotect(stack.memory_ + kGuardSize, kStackSize, PROT_READ | PROT_WRITE) < 0) return last_error("mprotect");
    return stack;
  }
  Stack(Stack &&other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}
  Stack &operator=(Stack &&) = delete;
  ~Stack() {
    if (memory_ != nullptr) ::munmap(memory_, kGuardSize + kStackSize);
  }
  // Stacks grow downwards on every architecture that Node runs on.
  void *top() const { return memory_ + kGuardSize + kStackSize; }

 private:
  explicit Stack(char *memory) : memory_(memory) {}
  char *memory_;
};

class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockedSignals(const BlockedSignals &) = delete;
  BlockedSignals &operator=(const BlockedSignals &) = delete;
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// What parent and child share. The arrays are the parent's, made before the clone.
struct Shared {
  int executable;
  char *const *argv;
  char *const *env;
  const int *fds;
  int *moved;  // as many as fds
  int fd_count;
  volatile int error;
  const char *volatile call;
};

// ---- in the child: system calls only ------------------------------------------------------------------------------

[[noreturn]] void give_up(Shared *shared, const char *call) {
  shared->error = errno;
  shared->call = call;
  for (;;) ::syscall(SYS_exit_group, kExecFailed);
}

long move_up(int fd, int lowest) { return ::syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, lowest); }

void place_descriptors(Shared *shared) {
  // First out of the way, above every number that will be used, so that no dup3 below closes one still needed.
  const int count = shared->fd_count;
  for (int i = 0; i < count; i++) {
    shared->moved[i] = static_cast<int>(move_up(shared->fds[i], count));
    if (shared->moved[i] < 0) give_up(shared, "fcntl(F_DUPFD_CLOEXEC)");
  }
  shared->executable = static_cast<int>(move_up(shared->executable, count));
  if (shared->executable < 0) give_up(shared, "fcntl(F_DUPFD_CLOEXEC)");
  for (int i = 0; i < count; i++) {
    if (::syscall(SYS_dup3, shared->moved[i], i, 0) < 0) give_up(shared, "dup3");
  }
  // Not closed but marked, because the executable is among them. Linux 5.11.
  if (sys::close_range(static_cast<unsigned>(count), UINT_MAX, sys::kCloseRangeCloexec) < 0) {
    give_up(shared, "close_range");
  }
}

void reset_signals(Shared *shared) {
  // The kernel's own struct sigaction differs between architectures, but is never longer, and all zero is SIG_DFL
  // everywhere. Ignored signals survive execve(2), and Node ignores SIGPIPE. The child has a table of its own (no
  // CLONE_SIGHAND). SIGKILL and SIGSTOP refuse, which is fine.
  constexpr uint64_t default_action[16] = {};
  constexpr uint64_t no_signals = 0;
  for (int signal = 1; signal <= kSignals; signal++) {
    ::syscall(SYS_rt_sigaction, signal, default_action, nullptr, sizeof no_signals);
  }
  if (::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, nullptr, sizeof no_signals) < 0) {
    give_up(shared, "rt_sigprocmask");
  }
}

int child_main(void *argument) {
  auto *const shared = static_cast<Shared *>(argument);
  place_descriptors(shared);
  reset_signals(shared);
  ::syscall(SYS_execveat, shared->executable, "", shared->argv, shared->env, AT_EMPTY_PATH);
  give_up(shared, "execveat");
}

// ---- in the parent ------------------------------------------------------------------------------------------------

std::vector<char *> pointers(const std::vector<std::string> &texts) {
  std::vector<char *> result;
  result.reserve(texts.size() + 1);
  for (const std::string &text : texts) result.push_back(const_cast<char *>(text.c_str()));  // execveat does not write
  result.push_back(nullptr);
  return result;
}

void reap_failed(pid_t pid) {
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<Process> spawn_process(const Program &program) {
  const std::vector<char *> argv = pointers(program.argv);
  const std::vector<char *> env = pointers(program.env);
  std::vector<int> moved(program.fds.size());
  Result<Stack> stack = Stack::allocate();
  if (!stack) return stack.error();
  Shared shared{program.executable,
                argv.data(),
                env.data(),
                program.fds.data(),
                moved.data(),
                static_cast<int>(moved.size()),
                0,
                ""};
  int pidfd = -1;
  pid_t pid = -1;
  {
    const BlockedSignals blocked;
    // clone(2) and not clone3(2): the flags are the same, the C library has the switch to another stack for every
    // architecture, and seccomp profiles of older container engines refuse clone3. CLONE_PIDFD is Linux 5.2.
    // SIGCHLD as exit signal, because execve(2) sets that anyway; libuv's handler waits for its own children by pid.
    pid = ::clone(child_main, stack.value().top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &shared, &pidfd);
    if (pid < 0) return last_error("clone");
  }
  Process process{pid, unique_fd(pidfd)};
  if (shared.error != 0) {
    reap_failed(pid);
    return Error{shared.error, shared.call, program.argv.empty() ? std::string() : program.argv.front()};
  }
  return process;
}

}  // namespace sampan::binding
