// SPDX-License-Identifier: Apache-2.0
// Datagrams and errors from the host's sockets to the container.
#include <netinet/in.h>

#include <algorithm>
#include <tuple>

#include "addon/net/bytes.h"
#include "addon/net/quoted_packet.h"
#include "addon/net/udp.h"
#include "addon/net/udp_socket.h"

namespace sampan::net {

namespace {

constexpr uint16_t kChecksumOffset = 6;
// Of one port in one turn, so that the others get their share; epoll calls again.
constexpr int kBatchesPerTurn = 4;
constexpr int kErrorsPerTurn = 16;

}  // namespace

void Udp::host_ready(UdpPort &port, uint32_t events) {
  if ((events & EPOLLERR) != 0) {
    HostError error;
    for (int i = 0; i < kErrorsPerTurn && read_error(port.fd.get(), error); ++i) report_error(port, error);
  }
  for (int i = 0; i < kBatchesPerTurn && receive_host(port); ++i) {
  }
}

// Datagrams of one flow and one size that follow each other enter the container in one frame. False: there is nothing
// more. An error here belongs to a datagram that was sent, and comes through the error queue.
bool Udp::receive_host(UdpPort &port) {
  DatagramBatch &batch = core_.datagrams;
  const unsigned most = port.large ? DatagramBatch::kFew : DatagramBatch::kMost;
  const unsigned count = batch.receive(port.fd.get(), most);
  port.large = batch.next_most() != DatagramBatch::kMost;
  for (unsigned first = 0; first < count;) {
    const unsigned end = core_.link.udp_segments() ? batch.train_end(first, count) : first + 1;
    if (UdpFlow *flow = find_flow(port, batch.at(first).from)) {
      flow->used_ms = core_.loop.now_ms();
      flow->answered = true;
      pass_on(*flow, batch.join(first, end));
    }
    first = end;
  }
  return count == most;
}

// The flow to whom the container knows as somebody else, if need be (the host's loopback). Null: nobody asked him.
UdpFlow *Udp::find_flow(const UdpPort &port, const SocketAddress &peer) {
  const IpAddress seen = seen_address(core_.policy, peer.address());
  UdpFlow *flow = flow_table_.find({port.key.source, seen, port.key.source_port, peer.port()});
  return flow != nullptr && flow->host_address == peer.address() ? flow : nullptr;
}

// Headers are written before the data.
void Udp::pass_on(UdpFlow &flow, const Datagram &train) {
  static_assert(DatagramBatch::kHeadroom >= TunLink::kHeaderRoom + kUdpHeaderSize);
  const auto [payload, size, segment] = std::tuple(train.data, train.size, size_t{train.segment});
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

// The container's kernel finds the socket by the addresses and ports that are quoted. What this host's kernel itself
// has against a datagram is reported without a port, and to the call that sends it.
void Udp::report_error(const UdpPort &port, const HostError &error, const UdpFlow *sending) {
  const bool local = sending != nullptr && error.destination.port() == 0;
  const UdpFlow *flow = local ? sending : find_flow(port, error.destination);
  if (flow == nullptr) return;
  const QuotedPacket quoted(flow->key, {error.quoted, error.quoted_size}, error.quoted_size);
  core_.send_error(error.error, error.offender, quoted.packet());
}

}  // namespace sampan::net
