// SPDX-License-Identifier: Apache-2.0
// A TCP header, read and written (RFC 9293 3.1), and arithmetic on sequence numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sampan::net {

inline constexpr uint8_t kTcpFin = 0x01;
inline constexpr uint8_t kTcpSyn = 0x02;
inline constexpr uint8_t kTcpRst = 0x04;
inline constexpr uint8_t kTcpPsh = 0x08;
inline constexpr uint8_t kTcpAck = 0x10;

inline constexpr size_t kTcpHeaderSize = 20;
inline constexpr uint16_t kTcpChecksumOffset = 16;

struct TcpSegment {
  static constexpr uint8_t kNoScale = 0xFF;

  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t seq = 0;
  uint32_t ack = 0;
  uint8_t flags = 0;
  uint16_t window = 0;
  uint16_t mss = 0;                 // SYN only; 0: not given
  uint8_t window_scale = kNoScale;  // SYN only
  bool sack_permitted = false;      // SYN only
  // A selective acknowledgement (RFC 2018) of one block; written when left != right, never read.
  uint32_t sack_left = 0;
  uint32_t sack_right = 0;
  std::span<const uint8_t> payload;

  bool has(uint8_t flag) const { return (flags & flag) != 0; }
  // What the segment takes up of the sequence space.
  uint32_t length() const {
    return static_cast<uint32_t>(payload.size()) + (has(kTcpSyn) ? 1U : 0U) + (has(kTcpFin) ? 1U : 0U);
  }
};

// False: malformed.
bool parse_tcp(std::span<const uint8_t> transport, TcpSegment &segment);

// The header with its options: those of a SYN when mss != 0, else a selective acknowledgement.
size_t tcp_header_size(const TcpSegment &segment);
void write_tcp_header(const TcpSegment &segment, uint8_t *at);

// a < b and a <= b in the circle of sequence numbers.
inline bool seq_before(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }
inline bool seq_not_after(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) <= 0; }

}  // namespace sampan::net
