// SPDX-License-Identifier: Apache-2.0
// Three ways for an init process to be born.
//
// create: clone3 straight into the new namespaces. The child waits; its parent, who has the rights of the user, writes
// the id maps.
// join: a short-lived process enters the namespaces of the container with one setns(2) on a pidfd (Linux 5.8) and
// clones the init process with CLONE_PARENT, because a pid namespace is entered by children only, and the exit status
// must reach the monitor. It was moved into the cgroup by its own birth: from inside the container's cgroup namespace
// the kernel would not let it in. Neither process is ever dumpable, so that nothing inside can ptrace or inspect it
// (CVE-2016-9962).
// inside: a short-lived process enters the user namespace of netd, or the user and network namespaces of another
// container, and clones the init process from there into those that are new, again with CLONE_PARENT. It writes the id
// maps itself: inside netd's user namespace every id stands for itself and no set-uid program is needed.
#include "addon/helper/launch.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "addon/helper/id_map.h"
#include "addon/helper/init.h"
#include "addon/helper/link.h"
#include "addon/helper/stdio_owner.h"
#include "addon/sys/file.h"
#include "addon/sys/proc.h"
#include "addon/sys/process.h"
#include "addon/sys/signals.h"
#include "addon/sys/socket.h"

namespace sampan {

namespace {

// A process that can be given up: killed and reaped unless released.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    reap();
  }
  pid_t get() const { return pid_; }
  pid_t release() { return std::exchange(pid_, -1); }
  void reap() {
    const pid_t pid = release();
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

 private:
  pid_t pid_;
};

Result<pid_t> clone_child(uint64_t flags, uint64_t exit_signal, int cgroup_fd) {
  sys::CloneArgs args;
  args.flags = flags;
  args.exit_signal = exit_signal;
  if (cgroup_fd >= 0) {
    args.flags |= sys::kCloneIntoCgroup;
    args.cgroup = static_cast<uint64_t>(cgroup_fd);
  }
  const pid_t pid = sys::clone3(args);
  if (pid < 0) return last_error("clone3");
  return pid;
}

Status install_stdio(const InitStdio &stdio) {
  const int wanted[] = {stdio.in, stdio.out, stdio.err};
  for (int target = 0; target < 3; ++target) {
    if (wanted[target] < 0) continue;
    if (::dup2(wanted[target], target) < 0) return last_error("dup2", "stdio");
  }
  return {};
}

// Common to every child: the monitor's signal handling and half of the link are not ours.
void leave_parent_behind(unique_fd &parent_end, const char *name) {
  parent_end.reset();
  ::prctl(PR_SET_NAME, name);
  sys::reset_signals();
}

constexpr int kFailed = 125;

[[noreturn]] void give_up(int link, const Error &error) {
  // Nobody is left to tell when this fails.
  (void)send_error(link, error, kNoOperation, 0);
  ::_exit(kFailed);
}

bool reads_descriptor(const Plan &plan) {
  for (uint32_t index = 0; index < plan.size(); ++index) {
    const Op op = plan.code(index);
    if (op == Op::unpack_tar || op == Op::pack_tar || op == Op::pack_layer || op == Op::unpack_into) return true;
  }
  return false;
}

// Close-on-exec is too late: execve(2) resolves its path first, and an image can make that path (its command, a
// symlink, an interpreter) lead through /proc/self/fd/N to a directory of the host that was passed to us
// (CVE-2024-21626). close_range(2), Linux 5.9.
Status close_all_but(int link) {
  constexpr unsigned kFirst = 3;
  const auto kept = static_cast<unsigned>(link);
  if (kept > kFirst && sys::close_range(kFirst, kept - 1) != 0) return last_error("close_range");
  if (sys::close_range(kept + 1, ~0U) != 0) return last_error("close_range");
  return {};
}

[[noreturn]] void start_init(const Plan &plan, unique_fd link, const InitStdio &stdio, const InitOrigin &origin) {
  if (auto installed = install_stdio(stdio); !installed) give_up(link.get(), installed.error());
  if (!reads_descriptor(plan)) {
    if (auto closed = close_all_but(link.get()); !closed) give_up(link.get(), closed.error());
  }
  run_init(plan, std::move(link), origin);
}

Result<InitProcess> finish(Child &child, unique_fd link) {
  // Read before PROCEED: the process certainly still exists.
  auto ticks = sys::start_time(child.get());
  if (!ticks) return ticks.error();
  if (auto sent = send_proceed(link.get()); !sent) return sent.error();
  InitProcess process;
  process.start_time = ticks.value();
  process.link = std::move(link);
  process.pid = child.release();
  return process;
}

Result<InitProcess> launch_create(const Settings &settings, const Plan &plan, const InitStdio &stdio) {
  auto pair = sys::seqpacket_pair();
  if (!pair) return pair.error();
  auto &[ours, theirs] = pair.value();
  // A cgroup namespace shows the cgroup of the process that makes it: the child makes its own once it has been moved.
  const InitOrigin origin{.joined = false, .new_cgroup_namespace = (settings.clone_flags & CLONE_NEWCGROUP) != 0};
  const uint64_t flags = settings.clone_flags & ~static_cast<uint64_t>(CLONE_NEWCGROUP);
  if (auto owned = give_stdio_to_root(settings, stdio); !owned) return owned.error();

  // /proc/<pid> of a process that is not dumpable belongs to root: neither we nor newuidmap could map its ids. Nothing
  // but our user's own processes can see this child before it runs the image's program.
  ::prctl(PR_SET_DUMPABLE, 1);
  auto cloned = clone_child(flags, SIGCHLD, settings.cgroup_fd);
  if (cloned && cloned.value() == 0) {
    leave_parent_behind(ours, "sampan-init");
    start_init(plan, std::move(theirs), stdio, origin);
  }
  ::prctl(PR_SET_DUMPABLE, 0);
  if (!cloned) return cloned.error();

  Child child(cloned.value());
  theirs.reset();
  if (auto mapped = map_ids(settings, child.get()); !mapped) return mapped.error();
  return finish(child, std::move(ours));
}

// Before it enters: /proc/self of a process that is not dumpable belongs to the host's root. Our children inherit it.
Status set_oom_score(const Plan &plan) {
  for (uint32_t index = 0; index < plan.size(); ++index) {
    if (plan.code(index) != Op::set_oom_score_adj) continue;
    constexpr int64_t kBias = 1000;
    const int64_t value = int64_t{read_set_oom_score_adj(plan, index).biased} - kBias;
    ::prctl(PR_SET_DUMPABLE, 1);
    auto written = sys::write_kernel_file("/proc/self/oom_score_adj", std::to_string(value));
    ::prctl(PR_SET_DUMPABLE, 0);
    return written;
  }
  return {};
}

[[noreturn]] void join_and_clone(const Settings &settings, const Plan &plan, const InitStdio &stdio, unique_fd link) {
  if (auto set = set_oom_score(plan); !set) give_up(link.get(), set.error());
  if (::setns(settings.join_pidfd, static_cast<int>(settings.join_flags)) != 0) {
    give_up(link.get(), last_error("setns", "namespaces"));
  }
  // CLONE_PARENT takes the exit signal of this process: SIGCHLD to the monitor.
  auto cloned = clone_child(CLONE_PARENT, 0, -1);
  if (!cloned) give_up(link.get(), cloned.error());
  if (cloned.value() == 0) {
    ::prctl(PR_SET_NAME, "sampan-init");
    start_init(plan, std::move(link), stdio, {.joined = true, .new_cgroup_namespace = false});
  }
  const auto sent = send_born(link.get(), cloned.value());
  ::_exit(sent ? 0 : kFailed);
}

// The process that was sent ahead has cloned the init process for us, and ends.
Result<InitProcess> take_over(pid_t ahead, std::pair<unique_fd, unique_fd> ends) {
  Child joiner(ahead);
  ends.second.reset();
  auto received = receive_born(ends.first.get());
  if (!received) return received.error();
  joiner.reap();
  Child child(received.value().pid);
  auto process = finish(child, std::move(ends.first));
  if (process) process.value().network_namespace = std::move(received.value().network_namespace);
  return process;
}

Result<InitProcess> launch_join(const Settings &settings, const Plan &plan, const InitStdio &stdio) {
  auto pair = sys::seqpacket_pair();
  if (!pair) return pair.error();
  auto &[ours, theirs] = pair.value();
  if (auto owned = give_stdio_to_root(settings, stdio); !owned) return owned.error();
  auto cloned = clone_child(0, SIGCHLD, settings.cgroup_fd);
  if (!cloned) return cloned.error();
  if (cloned.value() == 0) {
    leave_parent_behind(ours, "sampan-join");
    join_and_clone(settings, plan, stdio, std::move(theirs));
  }
  return take_over(cloned.value(), std::move(pair.value()));
}

// Where a container that is born inside something is born.
struct Birthplace {
  int descriptor = -1;  // user namespace, or pidfd
  uint64_t flags = 0;   // what is entered of it
};

// ids of the host's root are not mapped in any user namespace of ours, and who has such an id can make none.
Status become_mapped() {
  if (::setresgid(0, 0, 0) != 0) return last_error("setresgid", "0");
  if (::setresuid(0, 0, 0) != 0) return last_error("setresuid", "0");
  return {};
}

Result<unique_fd> network_namespace_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/net";
  unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return last_error("open", path);
  return fd;
}

[[noreturn]] void enter_and_clone(const Settings &settings, const Plan &plan, const InitStdio &stdio, unique_fd link,
                                  const Birthplace &place) {
  if (::setns(place.descriptor, static_cast<int>(place.flags)) != 0) {
    give_up(link.get(), last_error("setns", "namespaces"));
  }
  if (auto mapped = become_mapped(); !mapped) give_up(link.get(), mapped.error());
  // As in launch_create: the child's maps must be ours to write. Entering a user namespace has reset this.
  ::prctl(PR_SET_DUMPABLE, 1);
  const InitOrigin origin{.joined = false, .new_cgroup_namespace = (settings.clone_flags & CLONE_NEWCGROUP) != 0};
  const uint64_t flags = settings.clone_flags & ~static_cast<uint64_t>(CLONE_NEWCGROUP);
  auto cloned = clone_child(flags | CLONE_PARENT, 0, settings.cgroup_fd);
  if (!cloned) give_up(link.get(), cloned.error());
  if (cloned.value() == 0) {
    ::prctl(PR_SET_NAME, "sampan-init");
    start_init(plan, std::move(link), stdio, origin);
  }
  const pid_t child = cloned.value();
  // Nobody else knows of the child yet.
  const auto fail = [&](const Error &error) {
    ::kill(child, SIGKILL);
    give_up(link.get(), error);
  };
  unique_fd network;
  if ((flags & CLONE_NEWUSER) != 0) {
    if (auto mapped = map_ids_as_they_are(settings, child); !mapped) fail(mapped.error());
  }
  if ((flags & CLONE_NEWNET) != 0) {
    auto opened = network_namespace_of(child);
    if (!opened) fail(opened.error());
    network = opened.take();
  }
  const auto sent = send_born(link.get(), child, network.get());
  ::_exit(sent ? 0 : kFailed);
}

Result<InitProcess> launch_inside(const Settings &settings, const Plan &plan, const InitStdio &stdio,
                                  const Birthplace &place) {
  auto pair = sys::seqpacket_pair();
  if (!pair) return pair.error();
  auto &[ours, theirs] = pair.value();
  if (auto owned = give_stdio_to_root(settings, stdio); !owned) return owned.error();
  auto cloned = clone_child(0, SIGCHLD, -1);
  if (!cloned) return cloned.error();
  if (cloned.value() == 0) {
    leave_parent_behind(ours, "sampan-enter");
    enter_and_clone(settings, plan, stdio, std::move(theirs), place);
  }
  return take_over(cloned.value(), std::move(pair.value()));
}

}  // namespace

Result<InitProcess> launch_init(const Settings &settings, const Plan &plan, const InitStdio &stdio,
                                int user_namespace) {
  // Without the container to join, the plan of an exec process would run where we are.
  if (settings.join_flags != 0 && settings.join_pidfd < 0) return Error{ESRCH, "setns", "container"};
  if (user_namespace >= 0) return launch_inside(settings, plan, stdio, {user_namespace, CLONE_NEWUSER});
  if (settings.share_pidfd >= 0) {
    return launch_inside(settings, plan, stdio, {settings.share_pidfd, settings.share_flags});
  }
  return settings.join_pidfd >= 0 ? launch_join(settings, plan, stdio) : launch_create(settings, plan, stdio);
}

}  // namespace sampan
