// SPDX-License-Identifier: Apache-2.0
#include "addon/net/error_queue.h"

#include <linux/errqueue.h>
#include <sys/socket.h>

#include <cstring>

namespace sampan::net {

namespace {

void read_report(const struct sock_extended_err &report, HostError &error) {
  switch (report.ee_origin) {
    case SO_EE_ORIGIN_ICMP:
    case SO_EE_ORIGIN_ICMP6: {
      error.error =
          icmp_error_of_wire(report.ee_origin == SO_EE_ORIGIN_ICMP, report.ee_type, report.ee_code, report.ee_info);
      // SO_EE_OFFENDER: the address follows the report.
      SocketAddress offender;
      const auto *at = reinterpret_cast<const uint8_t *>(&report + 1);
      std::memcpy(&offender.v6, at, report.ee_origin == SO_EE_ORIGIN_ICMP ? sizeof offender.v4 : sizeof offender.v6);
      if (offender.any.sa_family == AF_INET || offender.any.sa_family == AF_INET6) error.offender = offender.address();
      return;
    }
    default:
      error.error = icmp_error_of_errno(static_cast<int>(report.ee_errno));
      if (report.ee_errno == EMSGSIZE) error.error = {IcmpReason::too_big, report.ee_info};
  }
}

}  // namespace

// #syscalls: setsockopt
void enable_error_queue(int fd, bool v4) {
  const int one = 1;
  if (v4) {
    ::setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof one);
  } else {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof one);
  }
}

// #syscalls: recvmsg
bool read_error(int fd, HostError &error) {
  alignas(struct cmsghdr) char control[256];
  struct iovec part = {error.quoted, sizeof error.quoted};
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_name = &error.destination.v6;
  message.msg_namelen = sizeof error.destination.v6;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t count = ::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
  if (count < 0) return false;
  error.quoted_size = static_cast<size_t>(count);
  error.destination.length = message.msg_namelen;
  for (struct cmsghdr *one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    const bool is_report = (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_RECVERR) ||
                           (one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_RECVERR);
    if (is_report && one->cmsg_len >= CMSG_LEN(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in)))
      read_report(*reinterpret_cast<const struct sock_extended_err *>(CMSG_DATA(one)), error);
  }
  return true;
}

}  // namespace sampan::net
