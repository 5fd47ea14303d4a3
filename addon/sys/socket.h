// SPDX-License-Identifier: Apache-2.0
// SOCK_SEQPACKET messages, with one descriptor beside them where needed (unix(7), SCM_RIGHTS).
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <span>
#include <utility>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::sys {

// socketpair(2), AF_UNIX SOCK_SEQPACKET, close-on-exec on both ends.
Result<std::pair<unique_fd, unique_fd>> seqpacket_pair();

// Sends the parts as one message, with a descriptor when fd >= 0. MSG_NOSIGNAL; EINTR is retried.
Status send_message(int socket, std::span<const std::span<const std::byte>> parts, int fd = -1);

struct ReceivedMessage {
  size_t size = 0;  // 0: the peer closed
  unique_fd fd;     // close-on-exec
};

// Receives one message into buffer. EMSGSIZE when it did not fit, EMFILE when it came with more than one descriptor or
// there was no room for that one. EINTR is retried.
Result<ReceivedMessage> receive_message(int socket, std::span<std::byte> buffer);

}  // namespace sampan::sys
