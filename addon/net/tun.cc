// SPDX-License-Identifier: Apache-2.0
#include "addon/net/tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cstring>

// Linux 6.2; the build machine's headers may be older.
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

namespace sampan::net {

// #syscalls: openat ioctl
Result<Tun> open_tun(const char *name) {
  constexpr const char *kDevice = "/dev/net/tun";
  unique_fd fd(::open(kDevice, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return last_error("open", kDevice);
  struct ifreq request = {};
  if (strlen(name) >= sizeof request.ifr_name) return Error{ENAMETOOLONG, "ioctl TUNSETIFF", name};
  memcpy(request.ifr_name, name, strlen(name));
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  if (::ioctl(fd.get(), TUNSETIFF, &request) < 0) return last_error("ioctl TUNSETIFF", name);
  int header_size = kVnetHeaderSize;
  if (::ioctl(fd.get(), TUNSETVNETHDRSZ, &header_size) < 0) return last_error("ioctl TUNSETVNETHDRSZ", name);
  constexpr unsigned long kTcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  constexpr unsigned long kUdp = TUN_F_USO4 | TUN_F_USO6;
  if (::ioctl(fd.get(), TUNSETOFFLOAD, kTcp | kUdp) == 0) return Tun{std::move(fd), true};
  if (::ioctl(fd.get(), TUNSETOFFLOAD, kTcp) < 0) return last_error("ioctl TUNSETOFFLOAD", name);
  return Tun{std::move(fd), false};
}

}  // namespace sampan::net
