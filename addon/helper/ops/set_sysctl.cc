// SPDX-License-Identifier: Apache-2.0
// set_sysctl: kernel settings of the container's own namespaces.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"
#include "addon/sys/file.h"

namespace sampan {

namespace {

// sysctl(8): a key written with slashes may have dots inside a name (net/ipv4/conf/eth0.5/...).
std::string to_path(const char *key) {
  std::string name = key;
  if (name.find('/') == std::string::npos) std::replace(name.begin(), name.end(), '.', '/');
  return "/proc/sys/" + name;
}

}  // namespace

// #syscalls: openat2 fstatfs write
Status op_set_sysctl(InitContext &context, const set_sysctl_args &args) {
  if (args.key == nullptr || args.value == nullptr) return Error{EINVAL, "sysctl", "no key"};
  if (std::strstr(args.key, "..") != nullptr) return Error{EINVAL, "sysctl", args.key};
  auto file = open_in_root(context.root.get(), to_path(args.key).c_str(), O_WRONLY);
  if (!file) return Error{file.error().number, "open", args.key};
  struct statfs info {};
  if (::fstatfs(file.value().get(), &info) != 0) return last_error("fstatfs", args.key);
  if (info.f_type != PROC_SUPER_MAGIC) return Error{ENODEV, "not in /proc", args.key};
  const size_t size = std::strlen(args.value);
  const ssize_t written = ::write(file.value().get(), args.value, size);
  if (written < 0) return last_error("write", args.key);
  return static_cast<size_t>(written) == size ? Status() : Status(Error{EIO, "write", args.key});
}

}  // namespace sampan
