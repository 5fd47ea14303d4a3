// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_confine.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "addon/helper/capabilities.h"
#include "addon/helper/netd_filters.h"
#include "addon/sys/file.h"
#include "addon/sys/mount.h"

namespace sampan {

namespace {

uint64_t bit(int capability) { return uint64_t{1} << capability; }

Status keep_capabilities(uint64_t kept) {
  return put_capabilities({.effective = kept, .permitted = kept, .inheritable = 0});
}

// capabilities(7): who owns a user namespace and is in its parent has every right in it. Containers' namespaces are
// owned by the user and lie below that of the networks, so this process goes to a place beside them. Its own user id
// keeps its number, which tells connections of the user from others.
Status leave_user_namespace() {
  const std::string number = std::to_string(::geteuid());
  constexpr int kFlags = CLONE_NEWUSER | CLONE_NEWNS;
  int made = ::unshare(kFlags);
  std::string id = number;
  if (made != 0 && errno == EPERM) {
    // Of the host's root, who is nobody in the namespaces of containers; only somebody may make one
    // (user_namespaces(7)).
    id = "0";
    if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) return last_error("setresuid", "0");
    made = ::unshare(kFlags);
  }
  if (made != 0) return last_error("unshare", "user namespace of the packets");
  // /proc/self of a process that is not dumpable is not its own.
  ::prctl(PR_SET_DUMPABLE, 1);
  auto mapped = sys::write_kernel_file("/proc/self/uid_map", number + ' ' + id + " 1");
  ::prctl(PR_SET_DUMPABLE, 0);
  return mapped;
}

// On a directory that every host has; then everything else is taken away.
Status enter_empty_root() {
  constexpr const char *kPlace = "/proc";
  constexpr unsigned long kFlags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0) return last_error("mount(slave)", "/");
  if (::mount("none", kPlace, "tmpfs", kFlags, "size=4k,mode=500") != 0) return last_error("mount", "empty root");
  if (::chdir(kPlace) != 0) return last_error("chdir", "empty root");
  if (sys::pivot_root(".", ".") != 0) return last_error("pivot_root", "empty root");
  if (::umount2(".", MNT_DETACH) != 0) return last_error("umount2", "old root");
  return ::chdir("/") == 0 ? Status() : last_error("chdir", "/");
}

// Sockets, pipes and tuns are no files to this limit; the lock is one.
Status forbid_files() {
  const struct rlimit nothing = {0, 0};
  return ::setrlimit(RLIMIT_FSIZE, &nothing) == 0 ? Status() : last_error("setrlimit", "file size");
}

}  // namespace

// #syscalls: unshare setresgid setresuid prctl mount pivot_root umount2 chdir setrlimit capset
Status confine_packet_process() {
  const pid_t self = ::getpid();
  if (auto left = leave_user_namespace(); !left) return left;
  if (auto entered = enter_empty_root(); !entered) return entered;
  if (auto forbidden = forbid_files(); !forbidden) return forbidden;
  if (auto kept = keep_capabilities(0); !kept) return kept;
  ::prctl(PR_SET_DUMPABLE, 0);
  return filter_packet_process(self);
}

// setns(2) takes CAP_SYS_ADMIN in the user namespace of the caller and of the network; interfaces, routes and
// IP_TRANSPARENT CAP_NET_ADMIN; port 53 CAP_NET_BIND_SERVICE.
// #syscalls: capset prctl
Status confine_network_agent() {
  const uint64_t kept = bit(CAP_SYS_ADMIN) | bit(CAP_NET_ADMIN) | bit(CAP_NET_BIND_SERVICE);
  if (auto done = keep_capabilities(kept); !done) return done;
  ::prctl(PR_SET_DUMPABLE, 0);
  return filter_network_agent(::getpid());
}

}  // namespace sampan
