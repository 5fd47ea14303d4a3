// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/attach_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace sampan {
namespace {

// Whoever finds no place fails at once. The kernel takes net.core.somaxconn at most.
constexpr int kBacklog = 1024;

// unix(7): the credentials of the peer are those of its connect(2).
bool may_attach(int socket) {
  struct ucred peer = {};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

}  // namespace

Status AttachServer::open(int directory, const char *name) {
  // A path through the descriptor, because sun_path has room for 107 characters only.
  const std::string path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{ENAMETOOLONG, "bind", name};
  memcpy(address.sun_path, path.c_str(), path.size() + 1);

  listener_.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener_) return last_error("socket", name);
  unlinkat(directory, name, 0);
  const mode_t mask = umask(0177);
  const int bound = bind(listener_.get(), reinterpret_cast<const struct sockaddr *>(&address), sizeof address);
  const int bind_errno = errno;
  umask(mask);
  if (bound < 0) return Error{bind_errno, "bind", name};
  directory_ = directory;
  name_ = name;
  if (listen(listener_.get(), kBacklog) < 0) return last_error("listen", name);
  return {};
}

Result<unique_fd> AttachServer::accept() {
  for (;;) {
    unique_fd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (!connection) return last_error("accept4", name_);
    if (may_attach(connection.get())) return connection;
  }
}

void AttachServer::close() {
  if (directory_ >= 0) unlinkat(directory_, name_.c_str(), 0);
  directory_ = -1;
  listener_.reset();
}

}  // namespace sampan
