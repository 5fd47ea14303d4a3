// SPDX-License-Identifier: Apache-2.0
// Datagrams from the container to the host's sockets.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "addon/net/quoted_packet.h"
#include "addon/net/udp.h"
#include "addon/net/udp_socket.h"

namespace sampan::net {

namespace {

// Below this the sender counts hops (traceroute); above it, it is only somebody's default.
constexpr uint8_t kMeantHopLimit = 32;
// No link outside carries more in one piece (jumbo frames). The DF bit of what is larger comes from the container's own
// link being wider, not from a program that looks for the path's MTU: the host's kernel may cut it up.
constexpr size_t kWidestLink = 9216;
// More than a burst to a host that is not there brings at once.
constexpr int kMostErrors = 256;

// A program outside hears of a missing route from its own call. Of ICMP's words for it, Linux passes on only this one
// to a connected UDP socket that did not ask for all of them (IP_RECVERR).
IcmpError error_of(int number) {
  return number == ENETUNREACH ? IcmpError{IcmpReason::unknown_network} : icmp_error_of_errno(number);
}

}  // namespace

// What the container has chosen for this datagram, for the socket. #syscalls: setsockopt
void Udp::set_options(UdpPort &port, const Packet &packet, size_t size) {
  const uint8_t hop_limit = packet.hop_limit < kMeantHopLimit ? packet.hop_limit : 0;
  const bool v4 = packet.source.is_v4();
  const bool dont_fragment = packet.dont_fragment && size <= kWidestLink;
  if (hop_limit == port.hop_limit && (!v4 || dont_fragment == port.dont_fragment)) return;
  flush();
  const int fd = port.fd.get();
  // ip(7), ipv6(7): -1 is the default.
  const int hops = hop_limit == 0 ? -1 : hop_limit;
  if (!v4) {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops);
    port.hop_limit = hop_limit;
    return;
  }
  ::setsockopt(fd, IPPROTO_IP, IP_TTL, &hops, sizeof hops);
  const int discover = dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
  ::setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover);
  port.hop_limit = hop_limit;
  port.dont_fragment = dont_fragment;
}

bool Udp::fits_batch(const UdpFlow &flow, size_t size) const {
  return batch_.flow == &flow && !batch_.closed && size <= batch_.segment && batch_.count < kMaxSegments &&
         batch_.size + size <= kMaxTrain;
}

void Udp::collect(UdpFlow &flow, std::span<const uint8_t> payload) {
  if (batch_.flow != nullptr && !fits_batch(flow, payload.size())) flush();
  // Not worth copying, or nothing to segment by.
  if (payload.empty() || payload.size() > kMaxTrain / 2 || flow.port->no_segments) {
    flush();
    return send(flow, payload, 0);
  }
  if (batch_.flow == nullptr) batch_ = {.flow = &flow, .segment = payload.size()};
  std::memcpy(batch_bytes_.payload() + batch_.size, payload.data(), payload.size());
  batch_.size += payload.size();
  ++batch_.count;
  batch_.closed = payload.size() < batch_.segment;
}

void Udp::flush() {
  if (batch_.flow == nullptr) return;
  const Batch batch = std::exchange(batch_, Batch{});
  send(*batch.flow, {batch_bytes_.payload(), batch.size}, batch.count > 1 ? batch.segment : 0);
}

// Sends datagrams of `segment` bytes each; 0: one of any size.
void Udp::send(UdpFlow &flow, std::span<const uint8_t> payload, size_t segment) {
  if (segment != 0 && !flow.port->no_segments) {
    const int number = send_once(flow, payload, segment);
    if (number == 0) return;
    // No checksum offload on the way, or segments that must be fragmented: one by one.
    if (number == EINVAL || number == EIO || number == EMSGSIZE || number == ENOPROTOOPT) flow.port->no_segments = true;
  }
  if (segment == 0) segment = payload.size();
  do {
    const std::span<const uint8_t> part = payload.first(std::min(segment, payload.size()));
    const int number = send_once(flow, part, 0);
    // What only this host knows is not reported by an ICMP error that came in.
    if (number != 0 && number != EAGAIN && number != ENOBUFS && number != EMSGSIZE)
      core_.send_error(error_of(number), QuotedPacket(flow.key, part, part.size()).packet());
    payload = payload.subspan(part.size());
  } while (!payload.empty());
}

// Returns 0 or errno. #syscalls: sendmsg
int Udp::send_once(UdpFlow &flow, std::span<const uint8_t> payload, size_t segment) {
  SocketAddress destination(flow.host_address, flow.key.destination_port);
  struct iovec part = {const_cast<uint8_t *>(payload.data()), payload.size()};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = {};
  struct msghdr message = {};
  message.msg_name = &destination.any;
  message.msg_namelen = destination.length;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (segment != 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    const auto size = static_cast<uint16_t>(segment);
    std::memcpy(CMSG_DATA(header), &size, sizeof size);
  }
  if (::sendmsg(flow.port->fd.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
  // ip(7): with IP_RECVERR an error of an earlier datagram may be reported by this call, which has sent nothing. While
  // there is another one in the queue, the next call fails, too.
  const int number = errno;
  int told = 0;
  for (HostError error; told < kMostErrors && read_error(flow.port->fd.get(), error); ++told)
    report_error(*flow.port, error, &flow);
  if (told == 0) return number;
  return ::sendmsg(flow.port->fd.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ? 0 : errno;
}

}  // namespace sampan::net
