// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_start.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>

#include "addon/helper/netd.h"
#include "addon/protocol/plan.h"

namespace sampan {

namespace {

// Out of the way of the places that descriptors are put to.
int move_up(int fd) {
  constexpr int kFirstFree = 16;
  return ::fcntl(fd, F_DUPFD, kFirstFree);
}

// As the first netd was called: after the directory that its own is in, so that ps tells those of several data roots
// apart.
std::string title_of(int directory) {
  char path[4096];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(directory)).c_str(), path, sizeof path);
  const std::string_view own(path, size > 0 ? static_cast<size_t>(size) : 0);
  const std::string_view above = own.substr(0, own.rfind('/'));
  return "sampan-netd " + std::string(above.substr(above.rfind('/') + 1));
}

// The layout of addon/protocol/README.md; nobody listens at the control connection. We run from the sealed copy that
// netd runs from too.
[[noreturn]] void become_netd(const NetdOrigin &origin) {
  std::string title = title_of(origin.directory);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int wanted[] = {null, null, null, origin.plan, null, origin.directory, origin.user_namespace};
  int moved[std::size(wanted)];
  for (size_t i = 0; i < std::size(wanted); ++i) moved[i] = move_up(wanted[i]);
  for (size_t i = 0; i < std::size(wanted); ++i) ::dup2(moved[i], static_cast<int>(i));
  char role[] = "netd";
  char passed[] = "2";
  char *const argv[] = {title.data(), role, passed, nullptr};
  char *const env[] = {nullptr};
  ::execve("/proc/self/exe", argv, env);
  constexpr int kNotExecuted = 126;
  ::_exit(kNotExecuted);
}

}  // namespace

// The child is reaped with whatever else ends.
void start_netd(const NetdOrigin &origin) {
  if (::fork() == 0) become_netd(origin);
}

Result<unique_fd> connect_to_netd(int directory) {
  const std::string path = "/proc/self/fd/" + std::to_string(directory) + "/" + kNetdSocket;
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{ENAMETOOLONG, "connect", path};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  unique_fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return last_error("socket", path);
  if (::connect(socket.get(), reinterpret_cast<const struct sockaddr *>(&address), sizeof address) != 0) {
    return last_error("connect", path);
  }
  return socket;
}

}  // namespace sampan
