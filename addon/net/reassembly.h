// SPDX-License-Identifier: Apache-2.0
// Puts fragments of UDP and ICMP datagrams together. A fixed number of datagrams at once, the oldest gives way; memory
// is touched only when fragments come. Overlaps make the whole datagram void (RFC 5722), in both families.
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/net/packet.h"
#include "addon/net/reserved_memory.h"

namespace sampan::net {

class Reassembler {
 public:
  Reassembler();
  bool is_open() const { return memory_.at() != nullptr; }

  // Takes a fragment. True: `packet` is now the whole datagram, valid until the next call.
  bool add(Packet &packet, uint64_t now_ms);
  // Forgets what is too old and gives memory back.
  void trim(uint64_t now_ms);

 private:
  static constexpr size_t kSlots = 16;
  static constexpr size_t kSlotsOfOne = 8;  // of one source, which loses its own oldest then
  static constexpr size_t kMaxSize = 65536;
  // What lies before a datagram: its IP header.
  static constexpr size_t kHeaderRoom = 64;
  // Some of it is never touched; it begins and ends with a page, whatever the size of pages.
  static constexpr size_t kSlotSize = 2 * kMaxSize;
  static constexpr size_t kUnit = 8;
  // RFC 791 suggests 15 s, RFC 8200 60 s; here the fragments come one behind the other from the next kernel.
  static constexpr uint64_t kLifeMs = 15'000;

  struct Slot {
    bool used = false;
    uint8_t protocol = 0;
    uint32_t id = 0;
    uint32_t received = 0;
    uint32_t total = 0;  // 0: not known yet
    uint32_t reach = 0;  // where the last part ends, of those that are there
    uint64_t started_ms = 0;
    IpAddress source;
    IpAddress destination;
    uint64_t units[kMaxSize / kUnit / 64];  // a bit for each 8 bytes that are there
  };

  Slot *find(const Packet &packet, uint64_t now_ms);
  uint8_t *data(const Slot &slot) const {
    return static_cast<uint8_t *>(memory_.at()) + static_cast<size_t>(&slot - slots_) * kSlotSize + kHeaderRoom;
  }
  void complete(const Slot &slot, Packet &packet) const;
  static bool mark(Slot &slot, size_t first, size_t last);

  Slot slots_[kSlots];
  ReservedMemory memory_{kSlots * kSlotSize};
};

}  // namespace sampan::net
