// SPDX-License-Identifier: Apache-2.0
// A container's packet made again from its flow, for an ICMP error that comes when the packet itself is long gone: IP
// header, ports, and as much of the transport header as the receiver of the error looks at; of a datagram its data too,
// which programs compare with what they have sent.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "addon/net/bytes.h"
#include "addon/net/checksum.h"
#include "addon/net/flow_table.h"
#include "addon/net/packet.h"

namespace sampan::net {

class QuotedPacket {
 public:
  static constexpr size_t kTransportSize = 20;

  // A datagram, `size` bytes of data long, of which `data` is the beginning.
  QuotedPacket(const FlowKey &key, std::span<const uint8_t> data, size_t size)
      : QuotedPacket(key, IPPROTO_UDP, kUdpHeader + size) {
    const size_t quoted = std::min(data.size(), kMostData);
    store16(transport_ + 4, static_cast<uint32_t>(kUdpHeader + size));
    if (quoted > 0) std::memcpy(transport_ + kUdpHeader, data.data(), quoted);
    packet_.transport = {transport_, kUdpHeader + quoted};
    packet_.whole = {bytes_, static_cast<size_t>(transport_ - bytes_) + kUdpHeader + quoted};
  }
  // `size`: of the transport's part of the original packet, as its headers said.
  QuotedPacket(const FlowKey &key, uint8_t protocol, size_t size = kTransportSize) {
    const bool v4 = key.source.is_v4();
    const size_t header_size = v4 ? 20 : 40;
    transport_ = bytes_ + header_size;
    if (v4) {
      bytes_[0] = 0x45;
      store16(bytes_ + 2, static_cast<uint32_t>(header_size + size));
      store16(bytes_ + 6, 0x4000U);
      bytes_[8] = 64;
      bytes_[9] = protocol;
      std::memcpy(bytes_ + 12, key.source.v4(), 4);
      std::memcpy(bytes_ + 16, key.destination.v4(), 4);
      store16(bytes_ + 10, static_cast<uint16_t>(~fold(add_sum(0, bytes_, header_size))));
    } else {
      store32(bytes_, 6U << 28);
      store16(bytes_ + 4, static_cast<uint32_t>(size));
      bytes_[6] = protocol;
      bytes_[7] = 64;
      std::memcpy(bytes_ + 8, key.source.bytes, 16);
      std::memcpy(bytes_ + 24, key.destination.bytes, 16);
    }
    store16(transport_, key.source_port);
    store16(transport_ + 2, key.destination_port);
    packet_.source = key.source;
    packet_.destination = key.destination;
    packet_.protocol = protocol;
    packet_.whole = {bytes_, header_size + kTransportSize};
    packet_.transport = {transport_, kTransportSize};
  }
  QuotedPacket(const QuotedPacket &) = delete;
  QuotedPacket &operator=(const QuotedPacket &) = delete;

  uint8_t *transport() { return transport_; }
  const Packet &packet() const { return packet_; }

 private:
  static constexpr size_t kUdpHeader = 8;
  static constexpr size_t kMostData = 512;

  uint8_t bytes_[40 + kUdpHeader + kMostData] = {};
  uint8_t *transport_;
  Packet packet_;
};

}  // namespace sampan::net
