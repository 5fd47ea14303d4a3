// SPDX-License-Identifier: Apache-2.0
// Filters of system calls, each in a process of its own: a filter stays for life.
#include "addon/sys/seccomp.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "addon/helper/netd_filters.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

constexpr int kDied = -SIGSYS;

// errno of one system call under a filter, 0 when it succeeded, kDied when it was the last one. The sanitizers see
// nothing of it: the process leaves at once.
template <typename Install, typename Call>
int outcome(Install install, Call call) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool installed = install().ok();
    constexpr int kNoFilter = 255;
    const int result = !installed ? kNoFilter : call() >= 0 ? 0 : errno;
    ::syscall(SYS_exit_group, result);
  }
  int status = 0;
  CHECK_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

template <typename... Rules>
auto rules(Rules... given) {
  return [=] {
    const sys::SyscallRule all[] = {given..., sys::allow(SYS_exit_group)};
    return sys::install_filter(all);
  };
}

template <typename Call>
int as_packet_process(Call call) {
  return outcome([] { return filter_packet_process(::getpid()); }, call);
}
template <typename Call>
int as_agent(Call call) {
  return outcome([] { return filter_network_agent(::getpid()); }, call);
}

TEST("a filter allows what has a row, and nothing else") {
  CHECK_EQ(outcome(rules(sys::allow(SYS_getppid)), [] { return ::syscall(SYS_getppid); }), 0);
  CHECK_EQ(outcome(rules(sys::allow(SYS_getppid)), [] { return ::syscall(SYS_getuid); }), EPERM);
  CHECK_EQ(outcome(rules(), [] { return ::syscall(SYS_getppid); }), EPERM);
}

TEST("a filter ends who makes a deadly call") {
  CHECK_EQ(outcome(rules(sys::kill(SYS_getppid)), [] { return ::syscall(SYS_getppid); }), kDied);
}

TEST("a filter judges arguments: one of some values, within some bits, both") {
  const auto one_of = rules(sys::allow(SYS_getpgid, sys::argument_is(0, 0, 7)));
  CHECK_EQ(outcome(one_of, [] { return ::syscall(SYS_getpgid, 0); }), 0);
  CHECK_EQ(outcome(one_of, [] { return ::syscall(SYS_getpgid, 1); }), EPERM);
  const auto within = rules(sys::allow(SYS_umask, sys::argument_within(0, 077)));
  CHECK_EQ(outcome(within, [] { return ::syscall(SYS_umask, 022); }), 0);
  CHECK_EQ(outcome(within, [] { return ::syscall(SYS_umask, 0122); }), EPERM);
  const auto both =
      rules(sys::allow(SYS_socket, sys::argument_is(0, AF_INET, AF_INET6), sys::argument_is(1, SOCK_STREAM)));
  CHECK_EQ(outcome(both, [] { return ::syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }), 0);
  CHECK_EQ(outcome(both, [] { return ::syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0); }), EPERM);
  CHECK_EQ(outcome(both, [] { return ::syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }), EPERM);
}

TEST("rows for one call are alternatives, and do not keep later rows from being seen") {
  const auto two = rules(sys::allow(SYS_getpgid, sys::argument_is(0, 9)),
                         sys::allow(SYS_getpgid, sys::argument_is(0, 0)), sys::allow(SYS_getppid));
  CHECK_EQ(outcome(two, [] { return ::syscall(SYS_getpgid, 0); }), 0);
  CHECK_EQ(outcome(two, [] { return ::syscall(SYS_getppid); }), 0);
}

TEST("who reads packets cannot run programs, look into processes or signal them") {
  CHECK_EQ(as_packet_process([] { return ::execl("/bin/true", "true", nullptr); }), kDied);
  CHECK_EQ(as_packet_process([] { return ::syscall(SYS_ptrace, 0, 0, 0, 0); }), kDied);
  CHECK_EQ(as_packet_process([] { return ::kill(-1, 0); }), kDied);
  CHECK_EQ(as_packet_process([] { return ::syscall(SYS_tgkill, 1, 1, 0); }), EPERM);
  CHECK_EQ(as_packet_process([] { return ::syscall(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 0); }), kDied);
}

TEST("who reads packets cannot open files, make processes or change namespaces") {
  CHECK_EQ(as_packet_process([] { return ::open("/etc/passwd", O_RDONLY); }), EPERM);
  CHECK_EQ(as_packet_process([] { return ::syscall(SYS_setns, 0, CLONE_NEWNET); }), kDied);
  CHECK_EQ(as_packet_process([] { return ::syscall(SYS_unshare, CLONE_NEWUSER); }), kDied);
  CHECK_EQ(as_packet_process([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), kDied);
}

TEST("who reads packets gets internet sockets only") {
  CHECK_EQ(as_packet_process([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), 0);
  CHECK_EQ(as_packet_process([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), EPERM);
  CHECK_EQ(as_packet_process([] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }), EPERM);
  CHECK_EQ(as_packet_process([] { return ::socket(AF_PACKET, SOCK_RAW, 0); }), EPERM);
  constexpr int kSctp = 132;
  CHECK_EQ(as_packet_process([] { return ::socket(AF_INET, SOCK_STREAM, kSctp); }), EPERM);
}

TEST("who reads packets gets no memory that can be run, and no signals for others") {
  const auto map = [](int protection) {
    return [protection] { return ::syscall(SYS_mmap, nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); };
  };
  CHECK_EQ(as_packet_process(map(PROT_READ | PROT_WRITE)), 0);
  CHECK_EQ(as_packet_process(map(PROT_READ | PROT_EXEC)), EPERM);
  CHECK_EQ(as_packet_process([] { return ::fcntl(0, F_SETOWN, ::getppid()); }), EPERM);
}

TEST("who makes networks visits network namespaces, and no others") {
  CHECK_EQ(as_agent([] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }), 0);
  CHECK_EQ(as_agent([] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER); }), 0);
  CHECK_EQ(as_agent([] { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM); }), EPERM);
  CHECK_EQ(as_agent([] { return ::syscall(SYS_setns, -1, CLONE_NEWNET); }), EBADF);
  CHECK_EQ(as_agent([] { return ::syscall(SYS_setns, -1, CLONE_NEWUSER); }), EPERM);
  CHECK_EQ(as_agent([] { return ::syscall(SYS_unshare, CLONE_NEWUSER); }), EPERM);
  CHECK_EQ(as_agent([] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), EPERM);
  CHECK_EQ(as_agent([] { return ::execl("/bin/true", "true", nullptr); }), kDied);
  CHECK_EQ(as_agent([] { return ::kill(::getppid(), 0); }), kDied);
}

}  // namespace
}  // namespace sampan
