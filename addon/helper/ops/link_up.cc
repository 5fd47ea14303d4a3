// SPDX-License-Identifier: Apache-2.0
// link_up: a new network namespace has lo, but down.
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "addon/helper/ops/ops.h"

namespace sampan {

// netdevice(7).
// #syscalls: socket ioctl
Status op_link_up(InitContext &, const link_up_args &args) {
  const char *name = args.name == nullptr ? "" : args.name;
  const size_t size = std::strlen(name) + 1;
  ifreq request{};
  if (size > sizeof request.ifr_name) return Error{ENAMETOOLONG, "ioctl(SIOCGIFFLAGS)", name};
  std::memcpy(request.ifr_name, name, size);
  const unique_fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return last_error("socket", name);
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return last_error("ioctl(SIOCGIFFLAGS)", name);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return last_error("ioctl(SIOCSIFFLAGS)", name);
  return {};
}

}  // namespace sampan
