// SPDX-License-Identifier: Apache-2.0
#include "addon/net/packet.h"

#include <cstring>

#include "addon/net/bytes.h"
#include "addon/net/checksum.h"

namespace sampan::net {

namespace {

constexpr size_t kV4HeaderSize = 20;
constexpr size_t kV6HeaderSize = 40;
constexpr size_t kMaxExtensionHeaders = 8;

bool parse_v4(std::span<const uint8_t> bytes, Packet &packet) {
  if (bytes.size() < kV4HeaderSize) return false;
  const size_t header_size = (bytes[0] & 0xFU) * size_t{4};
  const size_t size = load16(&bytes[2]);
  if (header_size < kV4HeaderSize || size < header_size || size > bytes.size()) return false;
  const uint16_t flags = load16(&bytes[6]);
  packet.whole = bytes.first(size);
  packet.transport = packet.whole.subspan(header_size);
  packet.dont_fragment = (flags & 0x4000U) != 0;
  packet.more_fragments = (flags & 0x2000U) != 0;
  packet.fragment_offset = static_cast<uint16_t>((flags & 0x1FFFU) * 8);
  packet.is_fragment = packet.more_fragments || packet.fragment_offset != 0;
  packet.fragment_id = load16(&bytes[4]);
  packet.hop_limit = bytes[8];
  packet.protocol = bytes[9];
  packet.source = IpAddress::from_v4(&bytes[12]);
  packet.destination = IpAddress::from_v4(&bytes[16]);
  return true;
}

// One extension header at the start of packet.transport (RFC 8200 4). False: malformed or not for us.
bool skip_extension(Packet &packet) {
  const std::span<const uint8_t> rest = packet.transport;
  if (rest.size() < 8) return false;
  size_t size = (rest[1] + size_t{1}) * 8;
  if (packet.protocol == IPPROTO_FRAGMENT) {
    size = 8;
    const uint16_t place = load16(&rest[2]);
    packet.fragment_offset = place & 0xFFF8U;
    packet.more_fragments = (place & 1U) != 0;
    // An "atomic" fragment is a whole datagram (RFC 6946).
    packet.is_fragment = packet.more_fragments || packet.fragment_offset != 0;
    packet.fragment_id = load32(&rest[4]);
  }
  constexpr size_t kSegmentsLeft = 3;
  if (packet.protocol == IPPROTO_ROUTING && rest[kSegmentsLeft] != 0) return false;
  if (rest.size() < size) return false;
  packet.protocol = rest[0];
  packet.transport = rest.subspan(size);
  return true;
}

// Up to the transport, or to what is a part only: what follows the header of a fragment was cut (RFC 8200 4.5).
bool skip_extensions(Packet &packet) {
  for (size_t i = 0; i < kMaxExtensionHeaders; ++i) {
    const uint8_t next = packet.protocol;
    if (packet.is_fragment) return true;
    if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT)
      return true;
    if (!skip_extension(packet)) return false;
  }
  return false;
}

bool parse_v6(std::span<const uint8_t> bytes, Packet &packet) {
  if (bytes.size() < kV6HeaderSize) return false;
  const size_t size = kV6HeaderSize + load16(&bytes[4]);
  if (size > bytes.size()) return false;
  packet.whole = bytes.first(size);
  packet.transport = packet.whole.subspan(kV6HeaderSize);
  packet.protocol = bytes[6];
  packet.hop_limit = bytes[7];
  packet.dont_fragment = true;
  packet.source = IpAddress::from_v6(&bytes[8]);
  packet.destination = IpAddress::from_v6(&bytes[24]);
  // An IPv4-mapped address on the wire would be taken for an IPv4 one.
  if (packet.source.is_v4() || packet.destination.is_v4()) return false;
  return skip_extensions(packet);
}

}  // namespace

bool finish_reassembled(Packet &packet) {
  return packet.source.is_v4() || (skip_extensions(packet) && !packet.is_fragment);
}

bool parse_frame(std::span<const uint8_t> frame, Packet &packet) {
  VnetHeader header;
  if (frame.size() <= sizeof header) return false;
  std::memcpy(&header, frame.data(), sizeof header);
  const std::span<const uint8_t> bytes = frame.subspan(sizeof header);
  packet = Packet{};
  packet.checksum_unknown = (header.flags & (VnetHeader::kNeedsChecksum | VnetHeader::kChecksumValid)) == 0;
  const uint8_t gso_type = header.gso_type & static_cast<uint8_t>(~VnetHeader::kGsoEcn);
  if (gso_type != VnetHeader::kGsoNone) packet.gso_size = header.gso_size;
  switch (bytes[0] >> 4) {
    case 4:
      return parse_v4(bytes, packet);
    case 6:
      return parse_v6(bytes, packet);
    default:
      return false;
  }
}

bool has_valid_checksum(const Packet &packet) {
  if (!packet.checksum_unknown) return true;
  constexpr size_t kUdpChecksum = 6;
  const bool v4 = packet.source.is_v4();
  // RFC 768: 0 is "none".
  if (v4 && packet.protocol == IPPROTO_UDP && packet.transport.size() >= 8 &&
      load16(&packet.transport[kUdpChecksum]) == 0)
    return true;
  uint64_t sum = 0;
  if (packet.protocol != IPPROTO_ICMP)
    sum = pseudo_header_sum(packet.source, packet.destination, packet.protocol, packet.transport.size());
  return fold(add_sum(sum, packet.transport.data(), packet.transport.size())) == 0xFFFF;
}

}  // namespace sampan::net
