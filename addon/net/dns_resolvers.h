// SPDX-License-Identifier: Apache-2.0
// The host's DNS servers, as its /etc/resolv.conf names them now: read again when the file has changed, so that a VPN
// or another network needs no restart.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <optional>
#include <string_view>
#include <vector>

#include "addon/net/ip_address.h"

namespace sampan::net {

// The nameserver lines of resolv.conf(5); zones (%eth0) are left out. None: the host's own, as the page says.
std::vector<IpAddress> parse_resolv_conf(std::string_view text);

class HostResolvers {
 public:
  const std::vector<IpAddress> &current();

 private:
  std::vector<IpAddress> servers_;
  bool known_ = false;
  ino_t inode_ = 0;
  struct timespec changed_ = {};
};

}  // namespace sampan::net
