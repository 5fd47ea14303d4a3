// SPDX-License-Identifier: Apache-2.0
// Reads a frame from the tun: virtio-net header, IPv4 or IPv6 header. Nothing in it is trusted: every length is checked
// against the frame, and what the virtio-net header says about headers is not used at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "addon/net/ip_address.h"

namespace sampan::net {

// struct virtio_net_hdr_v1, in the byte order of the host.
struct VnetHeader {
  static constexpr uint8_t kNeedsChecksum = 1;
  static constexpr uint8_t kChecksumValid = 2;
  static constexpr uint8_t kGsoNone = 0;
  static constexpr uint8_t kGsoTcpV4 = 1;
  static constexpr uint8_t kGsoTcpV6 = 4;
  static constexpr uint8_t kGsoUdp = 5;  // VIRTIO_NET_HDR_GSO_UDP_L4
  static constexpr uint8_t kGsoEcn = 0x80;

  uint8_t flags = 0;
  uint8_t gso_type = kGsoNone;
  uint16_t header_size = 0;
  uint16_t gso_size = 0;
  uint16_t checksum_start = 0;
  uint16_t checksum_offset = 0;
  uint16_t buffers = 0;
};
static_assert(sizeof(VnetHeader) == 12);

struct Packet {
  IpAddress source;
  IpAddress destination;
  std::span<const uint8_t> whole;      // from the IP header on, without trailing bytes
  std::span<const uint8_t> transport;  // what follows the IP headers
  uint16_t gso_size = 0;               // not 0: several segments in one frame
  uint8_t protocol = 0;
  uint8_t hop_limit = 0;
  bool dont_fragment = false;
  bool checksum_unknown = false;  // to be verified before the payload is believed
  // A fragment: transport is a part of the datagram.
  bool is_fragment = false;
  bool more_fragments = false;
  uint16_t fragment_offset = 0;  // bytes
  uint32_t fragment_id = 0;
};

// False: malformed.
bool parse_frame(std::span<const uint8_t> frame, Packet &packet);

// What parse_frame() leaves to be done for a datagram that came in fragments, once they are put together. False:
// malformed.
bool finish_reassembled(Packet &packet);

// The transport's checksum, for TCP, UDP and ICMP; true when it was verified before.
bool has_valid_checksum(const Packet &packet);

}  // namespace sampan::net
