// SPDX-License-Identifier: Apache-2.0
// The socket that later clients attach through: unix SOCK_SEQPACKET, for our own user (and root) only.
#pragma once

#include <string>
#include <utility>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

class AttachServer {
 public:
  // Creates the socket `name` (mode 0600) in `directory` (borrowed); a stale one is replaced.
  Status open(int directory, const char *name);
  bool is_open() const { return static_cast<bool>(listener_); }
  int fd() const { return listener_.get(); }

  // The socket goes to another process, its name stays where it is.
  unique_fd release() { return std::move(listener_); }
  // Such a socket, whose name is that other process's.
  void adopt(unique_fd listener) { listener_ = std::move(listener); }

  // The next connection from somebody who may attach; others are closed. Error{EAGAIN} when there is none.
  Result<unique_fd> accept();

  // Closes the socket and removes its name. Connections that were never accepted see an end of file.
  void close();

 private:
  int directory_ = -1;
  std::string name_;
  unique_fd listener_;
};

}  // namespace sampan
