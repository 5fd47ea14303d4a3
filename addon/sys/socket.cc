// SPDX-License-Identifier: Apache-2.0
// sendmsg(2) and recvmsg(2) with at most one descriptor.
#include "addon/sys/socket.h"

#include <sys/uio.h>

#include <cstring>

namespace sampan::sys {

namespace {

constexpr size_t kMaxParts = 4;

}  // namespace

Result<std::pair<unique_fd, unique_fd>> seqpacket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) return last_error("socketpair");
  return std::pair(unique_fd(fds[0]), unique_fd(fds[1]));
}

Status send_message(int socket, std::span<const std::span<const std::byte>> parts, int fd) {
  if (parts.size() > kMaxParts) return Error{EINVAL, "sendmsg", {}};
  iovec vectors[kMaxParts];
  for (size_t i = 0; i < parts.size(); ++i) {
    vectors[i] = {const_cast<std::byte *>(parts[i].data()), parts[i].size()};
  }
  alignas(cmsghdr) std::byte control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = vectors;
  message.msg_iovlen = parts.size();
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return last_error("sendmsg");
  return {};
}

Result<ReceivedMessage> receive_message(int socket, std::span<std::byte> buffer) {
  iovec vector{buffer.data(), buffer.size()};
  alignas(cmsghdr) std::byte control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  // Without the padding behind it, in which a second descriptor would find room.
  message.msg_controllen = CMSG_LEN(sizeof(int));
  ssize_t count = 0;
  do {
    count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return last_error("recvmsg");
  ReceivedMessage received;
  received.size = static_cast<size_t>(count);
  const cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len == CMSG_LEN(sizeof(int))) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    received.fd.reset(fd);
  }
  if ((message.msg_flags & MSG_TRUNC) != 0) return Error{EMSGSIZE, "recvmsg", {}};
  if ((message.msg_flags & MSG_CTRUNC) != 0) return Error{EMFILE, "recvmsg", "descriptor"};
  return received;
}

}  // namespace sampan::sys
