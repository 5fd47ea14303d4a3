// SPDX-License-Identifier: Apache-2.0
#include "addon/net/tun_link.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "addon/net/bytes.h"
#include "addon/net/checksum.h"

namespace sampan::net {

namespace {

constexpr size_t kV4HeaderSize = 20;
constexpr size_t kV6HeaderSize = 40;

void write_v4_header(const PacketOut &out, uint16_t id, uint8_t *header, size_t transport_size) {
  header[0] = 0x45;
  header[1] = 0;
  store16(header + 2, static_cast<uint32_t>(kV4HeaderSize + transport_size));
  store16(header + 4, id);
  store16(header + 6, out.may_fragment ? 0 : 0x4000U);
  header[8] = out.hop_limit;
  header[9] = out.protocol;
  store16(header + 10, 0);
  std::memcpy(header + 12, out.source.v4(), 4);
  std::memcpy(header + 16, out.destination.v4(), 4);
  store16(header + 10, static_cast<uint16_t>(~fold(add_sum(0, header, kV4HeaderSize))));
}

void write_v6_header(const PacketOut &out, uint8_t *header, size_t transport_size) {
  store32(header, 6U << 28);
  store16(header + 4, static_cast<uint32_t>(transport_size));
  header[6] = out.protocol;
  header[7] = out.hop_limit;
  std::memcpy(header + 8, out.source.bytes, 16);
  std::memcpy(header + 24, out.destination.bytes, 16);
}

}  // namespace

TunLink::TunLink(Tun tun, uint32_t mtu, StackCounters &counters)
    : tun_(std::move(tun)), mtu_(mtu), counters_(counters) {}

// #syscalls: read
std::span<const uint8_t> TunLink::read(std::span<uint8_t> buffer) {
  const ssize_t count = ::read(tun_.fd.get(), buffer.data(), buffer.size());
  if (count <= 0) return {};
  ++counters_.frames_in;
  counters_.bytes_in += static_cast<uint64_t>(count);
  return buffer.first(static_cast<size_t>(count));
}

// #syscalls: write
bool TunLink::send(const PacketOut &out, uint8_t *transport, size_t size) {
  const bool v4 = out.destination.is_v4();
  const size_t ip_size = v4 ? kV4HeaderSize : kV6HeaderSize;
  uint8_t *ip = transport - ip_size;
  if (v4) {
    write_v4_header(out, static_cast<uint16_t>(next_id_++), ip, size);
  } else {
    write_v6_header(out, ip, size);
  }
  VnetHeader header;
  header.header_size = static_cast<uint16_t>(ip_size + out.transport_header_size);
  if (out.checksum_offset != 0) {
    header.flags = VnetHeader::kNeedsChecksum;
    header.checksum_start = static_cast<uint16_t>(ip_size);
    header.checksum_offset = out.checksum_offset;
    store16(transport + out.checksum_offset, fold(pseudo_header_sum(out.source, out.destination, out.protocol, size)));
  }
  if (out.gso_size != 0) {
    header.gso_type = out.gso_type;
    header.gso_size = out.gso_size;
  }
  std::memcpy(ip - sizeof header, &header, sizeof header);
  const size_t total = sizeof header + ip_size + size;
  if (::write(tun_.fd.get(), ip - sizeof header, total) != static_cast<ssize_t>(total)) {
    ++counters_.write_failures;
    return false;
  }
  ++counters_.frames_out;
  counters_.bytes_out += total;
  return true;
}

// #syscalls: write
bool TunLink::send_back(const Packet &packet) {
  // The virtio-net header precedes it, as the kernel wrote it.
  const size_t size = kVnetHeaderSize + packet.whole.size();
  if (::write(tun_.fd.get(), packet.whole.data() - kVnetHeaderSize, size) != static_cast<ssize_t>(size)) {
    ++counters_.write_failures;
    return false;
  }
  ++counters_.frames_out;
  counters_.bytes_out += size;
  return true;
}

// IPv4: the kernel of the network's namespace makes the fragments, as any router. IPv6 has none but the sender's.
bool TunLink::send_fragmenting(const PacketOut &out, uint8_t *transport, size_t size) {
  const bool v4 = out.destination.is_v4();
  PacketOut part = out;
  if (size + (v4 ? kV4HeaderSize : kV6HeaderSize) <= mtu_) return send(out, transport, size);
  part.may_fragment = true;
  if (v4) return send(part, transport, size);
  store16(transport + out.checksum_offset, 0);
  const uint64_t sum = pseudo_header_sum(out.source, out.destination, out.protocol, size);
  const auto checksum = static_cast<uint16_t>(~fold(add_sum(sum, transport, size)));
  store16(transport + out.checksum_offset, checksum == 0 ? 0xFFFF : checksum);
  constexpr size_t kFragmentHeaderSize = 8;
  const size_t most = (mtu_ - kV6HeaderSize - kFragmentHeaderSize) / 8 * 8;
  part.protocol = IPPROTO_FRAGMENT;
  part.checksum_offset = 0;
  part.transport_header_size = 0;
  const uint32_t id = next_id_++;
  bool sent = true;
  for (size_t offset = 0; offset < size; offset += most) {
    const size_t count = std::min(most, size - offset);
    // Over the end of the part before, which is gone already.
    uint8_t *header = transport + offset - kFragmentHeaderSize;
    header[0] = out.protocol;
    header[1] = 0;
    store16(header + 2, static_cast<uint32_t>(offset) | (offset + count < size ? 1U : 0U));
    store32(header + 4, id);
    sent = send(part, header, kFragmentHeaderSize + count) && sent;
  }
  return sent;
}

}  // namespace sampan::net
