// SPDX-License-Identifier: Apache-2.0
// What the helper is for the kernel: root of a user namespace, who may look into directories that are closed to their
// owner.
#pragma once

#include <sched.h>
#include <unistd.h>

#include <string>

#include "addon/sys/file.h"

namespace sampan::test {

// For a process with one thread (unshare(2)). `more`: namespaces that are made with it, CLONE_NEW*. False: errno says
// why.
inline bool become_namespace_root(int more) {
  const std::string uid = "0 " + std::to_string(::geteuid()) + " 1";
  const std::string gid = "0 " + std::to_string(::getegid()) + " 1";
  return ::unshare(CLONE_NEWUSER | more) == 0 && sys::write_kernel_file("/proc/self/setgroups", "deny").ok() &&
         sys::write_kernel_file("/proc/self/uid_map", uid).ok() &&
         sys::write_kernel_file("/proc/self/gid_map", gid).ok();
}

// The same where the process is not root anyway.
inline bool be_root() { return ::geteuid() == 0 || become_namespace_root(0); }

}  // namespace sampan::test
