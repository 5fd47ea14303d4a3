// SPDX-License-Identifier: Apache-2.0
#include "addon/sys/network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cstddef>

namespace sampan::sys {

namespace {

constexpr size_t kStackSize = size_t{256} * 1024;

struct Visit {
  int network_namespace = -1;  // -1: a new one
  NamespaceWork work = nullptr;
  void *argument = nullptr;
  Status outcome;
};

int visit(void *argument) {
  auto &order = *static_cast<Visit *>(argument);
  const bool fresh = order.network_namespace < 0;
  const int moved = fresh ? ::unshare(CLONE_NEWNET) : ::setns(order.network_namespace, CLONE_NEWNET);
  order.outcome = moved == 0 ? order.work(order.argument) : Status(last_error(fresh ? "unshare" : "setns", "network"));
  return 0;
}

// clone(2), waitpid(2).
// #syscalls: clone waitpid setns unshare
Status run_elsewhere(Visit &order) {
  void *stack = ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return last_error("mmap");
  // No exit signal: SIGCHLD is for children that live on. __WALL waits for such a child too.
  const pid_t pid =
      ::clone(visit, static_cast<std::byte *>(stack) + kStackSize, CLONE_VM | CLONE_FILES | CLONE_VFORK, &order);
  if (pid < 0) order.outcome = last_error("clone");
  int status = 0;
  while (pid > 0 && ::waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
  }
  ::munmap(stack, kStackSize);
  if (pid > 0 && !WIFEXITED(status)) return Error{ECHILD, "clone", "network namespace"};
  return order.outcome;
}

}  // namespace

Status run_in_network_namespace(int network_namespace, NamespaceWork work, void *argument) {
  if (network_namespace < 0) return Error{EBADF, "setns", "network"};
  Visit order{network_namespace, work, argument, {}};
  return run_elsewhere(order);
}

Result<unique_fd> new_network_namespace() {
  unique_fd made;
  const auto open_own = [](void *argument) -> Status {
    // Of the child that made it: /proc/self is that child while it runs.
    auto &fd = *static_cast<unique_fd *>(argument);
    fd.reset(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    return fd ? Status() : Status(last_error("open", "/proc/self/ns/net"));
  };
  Visit order{-1, open_own, &made, {}};
  if (auto done = run_elsewhere(order); !done) return done.error();
  return made;
}

}  // namespace sampan::sys
