// SPDX-License-Identifier: Apache-2.0
// The way to and from the containers: reads frames from the tun, and writes transports that others have built behind
// their IP and virtio-net headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "addon/net/ip_address.h"
#include "addon/net/packet.h"
#include "addon/net/stack.h"

namespace sampan::net {

// How one packet goes out.
struct PacketOut {
  IpAddress source;
  IpAddress destination;
  uint8_t protocol = 0;
  uint8_t hop_limit = 64;
  bool may_fragment = false;  // IPv4: the DF bit is not set
  // Where the transport keeps its checksum; the kernel computes it. 0: it is there already.
  uint16_t checksum_offset = 0;
  // Several segments in one frame: the payload of each, and what precedes the payload.
  uint8_t gso_type = 0;
  uint16_t gso_size = 0;
  uint16_t transport_header_size = 0;
};

class TunLink {
 public:
  TunLink(Tun tun, uint32_t mtu, StackCounters &counters);

  int fd() const { return tun_.fd.get(); }
  bool udp_segments() const { return tun_.udp_segments; }
  uint32_t mtu() const { return mtu_; }

  // The next frame with its virtio-net header; empty: there is none now.
  std::span<const uint8_t> read(std::span<uint8_t> buffer);

  // Sends `size` bytes at `transport` as one packet. At least kHeaderRoom writable bytes precede them.
  static constexpr size_t kHeaderRoom = 64;
  bool send(const PacketOut &out, uint8_t *transport, size_t size);
  // Gives a packet that was read back to the network, which knows by now where it belongs.
  bool send_back(const Packet &packet);
  // The same for a datagram that may be larger than the MTU: it reaches the container in fragments.
  bool send_fragmenting(const PacketOut &out, uint8_t *transport, size_t size);

 private:
  Tun tun_;
  uint32_t mtu_;
  StackCounters &counters_;
  uint32_t next_id_ = 0;
};

}  // namespace sampan::net
