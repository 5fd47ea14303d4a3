// SPDX-License-Identifier: Apache-2.0
// Datagrams and errors from the host's sockets to the container.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "addon/net/bytes.h"
#include "addon/net/quoted_packet.h"
#include "addon/net/udp.h"

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace sampan::net {

namespace {

constexpr size_t kUdpHeaderSize = 8;
constexpr uint16_t kChecksumOffset = 6;
// Of one port in one turn, so that the others get their share; epoll calls again.
constexpr int kCallsPerTurn = 32;
constexpr int kErrorsPerTurn = 16;

// The size of the datagrams in one received piece, 0 when it is only one.
size_t segment_size(struct msghdr &message) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_UDP || part->cmsg_type != UDP_GRO) continue;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(part), sizeof size);
    return size > 0 ? static_cast<size_t>(size) : 0;
  }
  return 0;
}

}  // namespace

void Udp::host_ready(UdpPort &port, uint32_t events) {
  if ((events & EPOLLERR) != 0) {
    HostError error;
    for (int i = 0; i < kErrorsPerTurn && read_error(port.fd.get(), error); ++i) report_error(port, error);
  }
  for (int i = 0; i < kCallsPerTurn && receive_host(port); ++i) {
  }
}

// False: there is nothing more. #syscalls: recvmsg
bool Udp::receive_host(UdpPort &port) {
  SocketAddress sender;
  uint8_t *payload = core_.frame_out.payload();
  struct iovec part = {payload, FrameBuffer::kCapacity};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  struct msghdr message = {};
  message.msg_name = &sender.any;
  message.msg_namelen = sizeof sender.v6;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t count = ::recvmsg(port.fd.get(), &message, MSG_DONTWAIT);
  // An error here belongs to a datagram that was sent, and comes through the error queue.
  if (count < 0) return errno != EAGAIN;
  UdpFlow *flow = find_flow(port, sender);
  if (flow == nullptr) return true;
  flow->used_ms = core_.loop.now_ms();
  flow->answered = true;
  pass_on(*flow, static_cast<size_t>(count), segment_size(message));
  return true;
}

// The flow to whom the container knows as somebody else, if need be (the host's loopback). Null: nobody asked him.
UdpFlow *Udp::find_flow(const UdpPort &port, const SocketAddress &peer) {
  const IpAddress seen = seen_address(core_.policy, peer.address());
  UdpFlow *flow = flow_table_.find({port.key.source, seen, port.key.source_port, peer.port()});
  return flow != nullptr && flow->host_address == peer.address() ? flow : nullptr;
}

// Sends the datagrams in frame_out, the first at its payload's start.
void Udp::pass_on(UdpFlow &flow, size_t size, size_t segment) {
  uint8_t *payload = core_.frame_out.payload();
  if (segment == 0 || segment >= size) return send_datagram(flow, payload, size, 0);
  const bool v4 = flow.key.source.is_v4();
  const size_t headers = (v4 ? 20U : 40U) + kUdpHeaderSize;
  if (segment + headers <= core_.link.mtu() && size + headers <= 65535)
    return send_datagram(flow, payload, size, segment);
  // Each header is written over the end of the datagram before, which is gone already.
  for (size_t at = 0; at < size; at += segment) send_datagram(flow, payload + at, std::min(segment, size - at), 0);
}

void Udp::send_datagram(const UdpFlow &flow, uint8_t *payload, size_t size, size_t segment) {
  uint8_t *header = payload - kUdpHeaderSize;
  store16(header, flow.key.destination_port);
  store16(header + 2, flow.key.source_port);
  store16(header + 4, static_cast<uint32_t>(kUdpHeaderSize + size));
  store16(header + 6, 0);
  PacketOut out;
  out.source = flow.key.destination;
  out.destination = flow.key.source;
  out.protocol = IPPROTO_UDP;
  out.checksum_offset = kChecksumOffset;
  out.transport_header_size = kUdpHeaderSize;
  if (segment != 0) {
    out.gso_type = VnetHeader::kGsoUdp;
    out.gso_size = static_cast<uint16_t>(segment);
    core_.link.send(out, header, kUdpHeaderSize + size);
  } else {
    core_.link.send_fragmenting(out, header, kUdpHeaderSize + size);
  }
}

// The container's kernel finds the socket by the addresses and ports that are quoted.
void Udp::report_error(const UdpPort &port, const HostError &error) {
  const UdpFlow *flow = find_flow(port, error.destination);
  if (flow == nullptr) return;
  const QuotedPacket quoted(flow->key, IPPROTO_UDP);
  core_.send_error(error.error, error.offender, quoted.packet());
}

}  // namespace sampan::net
