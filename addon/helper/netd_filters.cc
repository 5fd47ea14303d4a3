// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_filters.h"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <vector>

#include "addon/sys/mount.h"
#include "addon/sys/process.h"
#include "addon/sys/seccomp.h"

namespace sampan {

namespace {

using sys::allow;
using sys::argument_is;
using sys::argument_within;
using sys::SyscallRule;

constexpr uint32_t kNoCode = PROT_READ | PROT_WRITE;

// What packets cost: most frequent first.
constexpr SyscallRule kPacketRules[] = {
    allow(SYS_read),   // frames of a tun, pipes
    allow(SYS_write),  // frames to a tun
    allow(SYS_readv),  // the same in parts
    allow(SYS_writev),
    allow(SYS_sendmsg),  // data to hosts; frames to monitors
    allow(SYS_recvmsg),  // data of hosts, errors of datagrams, frames of monitors and of the agent
    allow(SYS_sendto),   // send(2), answers of DNS
    allow(SYS_recvfrom),
    allow(SYS_sendmmsg),  // datagrams
    allow(SYS_recvmmsg),
    allow(SYS_splice),  // published TCP ports
#ifdef SYS_epoll_wait
    allow(SYS_epoll_wait),  // the loop
#endif
    allow(SYS_epoll_pwait), allow(SYS_epoll_ctl),
    allow(SYS_clock_gettime),  // where the vDSO has no clock
    allow(SYS_accept4),        // published TCP ports, DNS, monitors
    allow(SYS_connect), allow(SYS_close), allow(SYS_shutdown), allow(SYS_getsockopt),
    allow(SYS_getsockname),  // which port was free
    allow(SYS_getpeername), allow(SYS_bind), allow(SYS_listen),
    // No unix socket: abstract names of the host are not for us. No netlink, packet or raw socket either.
    allow(SYS_socket, argument_is(0, AF_INET, AF_INET6),
          argument_is(2, 0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6)),
    allow(SYS_setsockopt, argument_is(1, SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP)),
    allow(SYS_pipe2),              // published TCP ports
    allow(SYS_sched_getaffinity),  // is another processor there to wait for? (event_loop.h)
    // Not F_SETOWN, which sends signals to others, nor the locks.
    allow(SYS_fcntl, argument_is(1, F_SETPIPE_SZ, F_GETPIPE_SZ, F_GETFD, F_SETFD, F_GETFL)),
    allow(SYS_ioctl, argument_is(1, FIONREAD, SIOCOUTQ)),
    allow(SYS_prlimit64, argument_is(0, 0), argument_is(1, RLIMIT_NOFILE)),  // descriptor_reserve.h
};

// What the language's library needs for memory, time and the end.
constexpr SyscallRule kCommonRules[] = {
    allow(SYS_mmap, argument_within(2, kNoCode)),
    allow(SYS_mprotect, argument_within(2, kNoCode)),
    allow(SYS_munmap),
    allow(SYS_mremap),
    allow(SYS_madvise),  // tables give pages back
    allow(SYS_brk),
    allow(SYS_futex),
    allow(SYS_getrandom),  // keys, ids of DNS queries
    allow(SYS_epoll_create1),
#ifdef SYS_poll
    allow(SYS_poll),  // netd waits for the agent, the agent for netd
#endif
    allow(SYS_ppoll),
    allow(SYS_fstat),  // same file?
#ifdef SYS_newfstatat
    allow(SYS_newfstatat),
#endif
    allow(SYS_geteuid),  // whose connection is it?
    allow(SYS_getpid),
    allow(SYS_gettid),
    allow(SYS_rt_sigprocmask),
    allow(SYS_rt_sigaction),
    allow(SYS_rt_sigreturn),
    allow(SYS_restart_syscall),
    allow(SYS_exit),
    allow(SYS_exit_group),
};

// Only who was taken over asks for these. No attempt is for free: the monitors start another netd.
constexpr SyscallRule kDeadly[] = {
    sys::kill(SYS_execve),
    sys::kill(SYS_execveat),
    sys::kill(SYS_ptrace),
    sys::kill(SYS_kill),
    sys::kill(SYS_tkill),
    sys::kill(SYS_process_vm_readv),
    sys::kill(SYS_bpf),
    sys::kill(SYS_process_vm_writev),
    sys::kill(SYS_mount),
    sys::kill(SYS_umount2),
    sys::kill(SYS_pivot_root),
    sys::kill(SYS_chroot),
    sys::kill(SYS_init_module),
    sys::kill(SYS_finit_module),
    sys::kill(SYS_perf_event_open),
    sys::kill(SYS_keyctl),
    sys::kill(SYS_add_key),
    sys::kill(SYS_userfaultfd),
    sys::kill(SYS_memfd_create),
    sys::kill(SYS_pidfd_open),
    sys::kill(SYS_pidfd_send_signal),
};

// Where networks are made: visits to their namespaces (network_namespace.h), netlink, tuns, sockets.
constexpr SyscallRule kAgentRules[] = {
    allow(SYS_recvmsg),
    allow(SYS_sendmsg),
    allow(SYS_sendto),  // netlink
    allow(SYS_recvfrom),
    allow(SYS_clone, argument_is(0, CLONE_VM | CLONE_FILES | CLONE_VFORK)),
    allow(SYS_wait4),
    allow(SYS_setns, argument_is(1, CLONE_NEWNET)),
    allow(SYS_unshare, argument_is(0, CLONE_NEWNET, CLONE_NEWNS)),
    allow(SYS_fsopen),  // sysfs (network_join.cc); it is attached nowhere
    allow(SYS_fsconfig),
    allow(SYS_fsmount),
    allow(SYS_socket, argument_is(0, AF_INET, AF_INET6, AF_UNIX)),
    allow(SYS_socket, argument_is(0, AF_NETLINK), argument_is(2, NETLINK_ROUTE, NETLINK_NETFILTER)),
    allow(SYS_setsockopt),
    allow(SYS_connect),  // handed-over connections: in repair mode, where nothing is sent
    allow(SYS_getsockname),
    allow(SYS_bind),
    allow(SYS_listen),
    allow(SYS_openat),  // /dev/net/tun, /proc/sys/net, /proc/self/ns/net, /etc/resolv.conf
    allow(SYS_read),
    allow(SYS_write),
    allow(SYS_close),
    allow(SYS_ioctl,
          argument_is(1, TUNSETIFF, TUNSETVNETHDRSZ, TUNSETOFFLOAD, SIOCETHTOOL, SIOCGIFINDEX, SIOCGIFFLAGS)),
    allow(SYS_unlinkat),  // the names of the socket and of the lock
#ifdef SYS_unlink
    allow(SYS_unlink),
#endif
    allow(SYS_umask),
#ifdef SYS_stat
    allow(SYS_stat),
#endif
};

Status install(std::initializer_list<std::span<const SyscallRule>> lists, pid_t self) {
  std::vector<SyscallRule> rules;
  for (const auto &list : lists) rules.insert(rules.end(), list.begin(), list.end());
  // abort(3)
  rules.push_back(allow(SYS_tgkill, argument_is(0, self)));
  return sys::install_filter(rules);
}

}  // namespace

Status filter_packet_process(pid_t self) {
  constexpr SyscallRule kNoNamespaces[] = {sys::kill(SYS_setns), sys::kill(SYS_unshare), sys::kill(SYS_clone),
                                           sys::kill(SYS_clone3)};
  return install({kPacketRules, kCommonRules, kDeadly, kNoNamespaces}, self);
}

Status filter_network_agent(pid_t self) { return install({kAgentRules, kCommonRules, kDeadly}, self); }

}  // namespace sampan
