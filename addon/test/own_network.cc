// SPDX-License-Identifier: Apache-2.0
#include "addon/test/own_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "addon/sys/unique_fd.h"
#include "addon/test/namespace_root.h"
#include "addon/test/test.h"

namespace sampan::test {

namespace {

// netdevice(7): lo:1, lo:2 ... are further addresses of lo.
bool set_address(int socket, int number, const char *address) {
  ifreq request = {};
  std::snprintf(request.ifr_name, sizeof request.ifr_name, "lo:%d", number);
  sockaddr_in value = {};
  value.sin_family = AF_INET;
  ::inet_pton(AF_INET, address, &value.sin_addr);
  std::memcpy(&request.ifr_addr, &value, sizeof value);
  return ::ioctl(socket, SIOCSIFADDR, &request) == 0;
}

bool set_up(std::initializer_list<const char *> addresses) {
  const unique_fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_LOOPBACK;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return false;
  int number = 0;
  for (const char *address : addresses) {
    if (!set_address(socket.get(), ++number, address)) return false;
  }
  return true;
}

}  // namespace

void in_own_network(std::initializer_list<const char *> addresses, void (*body)()) {
  const pid_t child = ::fork();
  CHECK(child >= 0);
  if (child == 0) {
    const bool ready = become_namespace_root(CLONE_NEWNET) && set_up(addresses);
    if (!ready) std::perror("in_own_network");
    if (ready) body();
    ::_exit(ready && failures() == 0 ? 0 : 1);
  }
  int status = 0;
  CHECK_EQ(::waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace sampan::test
