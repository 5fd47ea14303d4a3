// SPDX-License-Identifier: Apache-2.0
#include "addon/net/tcp_segment.h"

#include <cstring>

#include "addon/net/bytes.h"

namespace sampan::net {

namespace {

constexpr uint8_t kOptionEnd = 0;
constexpr uint8_t kOptionNop = 1;
constexpr uint8_t kOptionMss = 2;
constexpr uint8_t kOptionScale = 3;
constexpr uint8_t kOptionSackPermitted = 4;
constexpr uint8_t kOptionSack = 5;
constexpr size_t kMssSize = 4;
constexpr size_t kSackPermittedSize = 2;
constexpr size_t kSackSize = 10;
constexpr size_t kScaleSize = 3;
constexpr uint8_t kMaxScale = 14;  // RFC 7323 2.3

void parse_options(std::span<const uint8_t> options, TcpSegment &segment) {
  while (!options.empty() && options[0] != kOptionEnd) {
    if (options[0] == kOptionNop) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) return;
    const size_t size = options[1];
    if (options[0] == kOptionMss && size == kMssSize) segment.mss = load16(&options[2]);
    if (options[0] == kOptionScale && size == kScaleSize)
      segment.window_scale = options[2] > kMaxScale ? kMaxScale : options[2];
    if (options[0] == kOptionSackPermitted && size == kSackPermittedSize) segment.sack_permitted = true;
    options = options.subspan(size);
  }
}

}  // namespace

bool parse_tcp(std::span<const uint8_t> transport, TcpSegment &segment) {
  if (transport.size() < kTcpHeaderSize) return false;
  const size_t header_size = (transport[12] >> 4) * size_t{4};
  if (header_size < kTcpHeaderSize || header_size > transport.size()) return false;
  segment = TcpSegment{};
  segment.source_port = load16(&transport[0]);
  segment.destination_port = load16(&transport[2]);
  segment.seq = load32(&transport[4]);
  segment.ack = load32(&transport[8]);
  segment.flags = transport[13];
  segment.window = load16(&transport[14]);
  segment.payload = transport.subspan(header_size);
  if (segment.has(kTcpSyn)) parse_options(transport.subspan(kTcpHeaderSize, header_size - kTcpHeaderSize), segment);
  return true;
}

// Options are padded with NOPs in front, so that their ends are aligned.
size_t tcp_header_size(const TcpSegment &segment) {
  if (segment.mss == 0) return kTcpHeaderSize + (segment.sack_left == segment.sack_right ? 0 : kSackSize + 2);
  return kTcpHeaderSize + kMssSize + (segment.window_scale == TcpSegment::kNoScale ? 0 : kScaleSize + 1) +
         (segment.sack_permitted ? kSackPermittedSize + 2 : 0);
}

void write_tcp_header(const TcpSegment &segment, uint8_t *at) {
  const size_t size = tcp_header_size(segment);
  store16(at, segment.source_port);
  store16(at + 2, segment.destination_port);
  store32(at + 4, segment.seq);
  store32(at + 8, segment.ack);
  at[12] = static_cast<uint8_t>(size / 4 << 4);
  at[13] = segment.flags;
  store16(at + 14, segment.window);
  store32(at + 16, 0);
  uint8_t *option = at + kTcpHeaderSize;
  std::memset(option, kOptionNop, size - kTcpHeaderSize);
  if (segment.mss == 0) {
    if (segment.sack_left == segment.sack_right) return;
    option[2] = kOptionSack;
    option[3] = kSackSize;
    store32(option + 4, segment.sack_left);
    store32(option + 8, segment.sack_right);
    return;
  }
  option[0] = kOptionMss;
  option[1] = kMssSize;
  store16(option + 2, segment.mss);
  option += kMssSize;
  if (segment.sack_permitted) {
    option[2] = kOptionSackPermitted;
    option[3] = kSackPermittedSize;
    option += kSackPermittedSize + 2;
  }
  if (segment.window_scale == TcpSegment::kNoScale) return;
  option[1] = kOptionScale;
  option[2] = kScaleSize;
  option[3] = segment.window_scale;
}

}  // namespace sampan::net
