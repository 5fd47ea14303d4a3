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
  struct msghdr message = {};
  message.msg_name = &error.destination.v6;
  message.msg_namelen = sizeof error.destination.v6;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return false;
  error.destination.length = message.msg_namelen;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    const bool is_report = (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
                           (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR);
    if (is_report && part->cmsg_len >= CMSG_LEN(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in)))
      read_report(*reinterpret_cast<const struct sock_extended_err *>(CMSG_DATA(part)), error);
  }
  return true;
}

}  // namespace sampan::net
