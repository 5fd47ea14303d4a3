// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/frame_io.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sampan {

namespace {

constexpr size_t kControlSize = CMSG_SPACE(sizeof(int) * kMaxFrameDescriptors);

void take_descriptors(struct msghdr &message, std::vector<unique_fd> &descriptors) {
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
}

}  // namespace

SendOutcome send_frame(int socket, const FrameHeader &header, std::string_view payload,
                       std::span<const int> descriptors) {
  if (descriptors.size() > kMaxFrameDescriptors) return SendOutcome::gone;
  // sendmsg(2) takes const data through a non-const iovec.
  struct iovec parts[2] = {{const_cast<FrameHeader *>(&header), sizeof header},
                           {const_cast<char *>(payload.data()), payload.size()}};
  struct msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = payload.empty() ? 1 : 2;
  alignas(struct cmsghdr) char control[kControlSize] = {};
  if (!descriptors.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  for (;;) {
    if (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return SendOutcome::sent;
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) return SendOutcome::full;
    // Whatever the reason, from here on the poller reports a hang-up, after what the peer has sent.
    shutdown(socket, SHUT_RDWR);
    return SendOutcome::gone;
  }
}

ReceiveOutcome receive_frame(int socket, char *buffer, Frame *frame, std::vector<unique_fd> *descriptors) {
  struct iovec parts[2] = {{&frame->header, sizeof frame->header}, {buffer, kMaxFramePayload}};
  struct msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  alignas(struct cmsghdr) char control[kControlSize];
  bool reset_seen = false;
  for (;;) {
    message.msg_control = descriptors == nullptr ? nullptr : control;
    message.msg_controllen = descriptors == nullptr ? 0 : sizeof control;
    const ssize_t size = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && errno == EINTR) continue;
    // unix(7): a peer that closed with unread messages is reported once, before what it had sent.
    if (size < 0 && errno == ECONNRESET && !reset_seen) {
      reset_seen = true;
      continue;
    }
    if (size < 0) return errno == EAGAIN ? ReceiveOutcome::none : ReceiveOutcome::closed;
    if (descriptors != nullptr) take_descriptors(message, *descriptors);
    const auto length = static_cast<size_t>(size);
    if (length < sizeof frame->header || (message.msg_flags & MSG_TRUNC) != 0) return ReceiveOutcome::closed;
    frame->payload = {buffer, length - sizeof frame->header};
    frame->descriptors_lost = descriptors != nullptr && (message.msg_flags & MSG_CTRUNC) != 0;
    return ReceiveOutcome::frame;
  }
}

FrameType peek_frame_type(int socket) {
  FrameHeader header;
  const ssize_t size = recv(socket, &header, sizeof header, MSG_PEEK | MSG_DONTWAIT);
  return size == ssize_t{sizeof header} ? header.type : FrameType::none;
}

void close_politely(int socket) {
  // From here on the peer's sends fail with EPIPE, so that the queue can be emptied for good.
  shutdown(socket, SHUT_RD);
  char byte;
  while (recv(socket, &byte, sizeof byte, MSG_DONTWAIT) > 0 || errno == EINTR) {
    errno = 0;
  }
  close(socket);
}

}  // namespace sampan
