// SPDX-License-Identifier: Apache-2.0
#include "addon/net/reassembly.h"

#include <algorithm>
#include <cstring>

#include "addon/net/bytes.h"
#include "addon/net/checksum.h"

namespace sampan::net {

namespace {

constexpr size_t kV4HeaderSize = 20;
constexpr size_t kV6HeaderSize = 40;

}  // namespace

Reassembler::Reassembler() = default;

Reassembler::Slot *Reassembler::find(const Packet &packet, uint64_t now_ms) {
  Slot *oldest = slots_;
  Slot *own_oldest = nullptr;
  size_t own = 0;
  for (Slot &slot : slots_) {
    if (slot.used && now_ms - slot.started_ms > kLifeMs) slot.used = false;
    if (slot.used && slot.id == packet.fragment_id && slot.protocol == packet.protocol &&
        slot.source == packet.source && slot.destination == packet.destination)
      return &slot;
    if (slot.used && slot.source == packet.source) {
      ++own;
      if (own_oldest == nullptr || slot.started_ms < own_oldest->started_ms) own_oldest = &slot;
    }
    if (oldest->used && (!slot.used || slot.started_ms < oldest->started_ms)) oldest = &slot;
  }
  if (own >= kSlotsOfOne) oldest = own_oldest;
  *oldest = Slot{.used = true,
                 .protocol = packet.protocol,
                 .id = packet.fragment_id,
                 .started_ms = now_ms,
                 .source = packet.source,
                 .destination = packet.destination,
                 .units = {}};
  return oldest;
}

// Marks units first..last-1; false when one of them was there.
bool Reassembler::mark(Slot &slot, size_t first, size_t last) {
  for (size_t unit = first; unit < last;) {
    const size_t bit = unit % 64;
    const size_t count = last - unit < 64 - bit ? last - unit : 64 - bit;
    const uint64_t mask = (count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << bit;
    if ((slot.units[unit / 64] & mask) != 0) return false;
    slot.units[unit / 64] |= mask;
    unit += count;
  }
  return true;
}

bool Reassembler::add(Packet &packet, uint64_t now_ms) {
  const std::span<const uint8_t> part = packet.transport;
  const size_t end = packet.fragment_offset + part.size();
  const size_t most = 65535 - (packet.source.is_v4() ? kV4HeaderSize : 0);
  // All but the last are whole units.
  if (part.empty() || end > most || (packet.more_fragments && part.size() % kUnit != 0)) return false;
  Slot &slot = *find(packet, now_ms);
  const bool is_other_end = !packet.more_fragments && slot.total != 0 && end != slot.total;
  if (!packet.more_fragments) slot.total = static_cast<uint32_t>(end);
  slot.reach = std::max(slot.reach, static_cast<uint32_t>(end));
  // What lies behind the end would be counted for what is missing, in whose place older datagrams may still lie.
  const bool is_behind = slot.total != 0 && slot.reach > slot.total;
  if (is_other_end || is_behind || !mark(slot, packet.fragment_offset / kUnit, (end + kUnit - 1) / kUnit)) {
    slot.used = false;
    return false;
  }
  std::memcpy(data(slot) + packet.fragment_offset, part.data(), part.size());
  slot.received += static_cast<uint32_t>(part.size());
  if (slot.total == 0 || slot.received < slot.total) return false;
  slot.used = false;
  complete(slot, packet);
  return true;
}

// With the header of this fragment, made that of the whole, so that an ICMP error can quote it. Options and extension
// headers are left out.
void Reassembler::complete(const Slot &slot, Packet &packet) const {
  const bool v4 = packet.source.is_v4();
  const size_t header_size = v4 ? kV4HeaderSize : kV6HeaderSize;
  uint8_t *header = data(slot) - header_size;
  std::memcpy(header, packet.whole.data(), header_size);
  if (v4) {
    header[0] = 0x45;
    store16(header + 2, static_cast<uint32_t>(header_size + slot.total));
    store16(header + 6, 0);
    store16(header + 10, 0);
    store16(header + 10, static_cast<uint16_t>(~fold(add_sum(0, header, header_size))));
  } else {
    store16(header + 4, slot.total);
    header[6] = packet.protocol;
  }
  packet.transport = {data(slot), slot.total};
  packet.whole = {header, header_size + slot.total};
  packet.is_fragment = packet.more_fragments = false;
  packet.fragment_offset = 0;
}

void Reassembler::trim(uint64_t now_ms) {
  for (Slot &slot : slots_) {
    if (slot.used && now_ms - slot.started_ms <= kLifeMs) continue;
    slot.used = false;
    memory_.release(static_cast<size_t>(&slot - slots_) * kSlotSize, kSlotSize);
  }
}

}  // namespace sampan::net
