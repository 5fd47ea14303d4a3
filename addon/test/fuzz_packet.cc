// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the parsers of the network stack. Nothing they return lies outside of the frame.
#include <cstdlib>
#include <span>

#include "addon/net/packet.h"
#include "addon/net/reassembly.h"
#include "addon/net/tcp_segment.h"

namespace {

void require_inside(std::span<const uint8_t> part, std::span<const uint8_t> whole) {
  if (part.empty()) return;
  if (part.data() < whole.data() || part.data() + part.size() > whole.data() + whole.size()) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static sampan::net::Reassembler reassembler;
  static uint64_t now = 0;
  const std::span<const uint8_t> frame(data, size);
  sampan::net::Packet packet;
  if (!sampan::net::parse_frame(frame, packet)) return 0;
  require_inside(packet.whole, frame);
  require_inside(packet.transport, packet.whole);
  (void)sampan::net::has_valid_checksum(packet);
  sampan::net::TcpSegment segment;
  if (sampan::net::parse_tcp(packet.transport, segment)) require_inside(segment.payload, packet.transport);
  if (packet.is_fragment && reassembler.add(packet, ++now)) {
    if (packet.transport.size() > 65535) abort();
    (void)sampan::net::has_valid_checksum(packet);
  }
  return 0;
}
