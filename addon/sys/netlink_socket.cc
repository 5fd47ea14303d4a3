// SPDX-License-Identifier: Apache-2.0
#include "addon/sys/netlink_socket.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace sampan::sys {

namespace {

NetlinkAcknowledged read_answer(const std::byte *buffer, size_t size) {
  NetlinkAcknowledged answer;
  auto left = static_cast<unsigned>(size);
  for (const auto *message = reinterpret_cast<const struct nlmsghdr *>(buffer); NLMSG_OK(message, left);
       message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))) continue;
    struct nlmsgerr outcome;
    std::memcpy(&outcome, NLMSG_DATA(message), sizeof outcome);
    ++answer.count;
    if (outcome.error == 0 || answer.error != 0) continue;
    answer.error = -outcome.error;
    answer.sequence = message->nlmsg_seq;
  }
  return answer;
}

}  // namespace

// #syscalls: socket setsockopt
Result<NetlinkSocket> NetlinkSocket::open(int protocol, const char *name) {
  unique_fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!socket) return last_error("socket", name);
  // Acknowledgements need not repeat the request (Linux 4.3); where the kernel does not know that, they are longer.
  const int on = 1;
  (void)::setsockopt(socket.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return NetlinkSocket(std::move(socket), name);
}

// #syscalls: sendto
Status NetlinkSocket::send(std::span<const std::byte> requests) {
  struct sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  const auto *target = reinterpret_cast<const struct sockaddr *>(&kernel);
  const ssize_t sent = ::sendto(socket_.get(), requests.data(), requests.size(), 0, target, sizeof kernel);
  return sent < 0 ? Status(last_error("sendto", name_)) : Status();
}

// #syscalls: recvfrom
Result<NetlinkAcknowledged> NetlinkSocket::receive() {
  alignas(struct nlmsghdr) std::byte buffer[8192];
  ssize_t size = 0;
  do {
    size = ::recv(socket_.get(), buffer, sizeof buffer, 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return last_error("recv", name_);
  return read_answer(buffer, static_cast<size_t>(size));
}

}  // namespace sampan::sys
