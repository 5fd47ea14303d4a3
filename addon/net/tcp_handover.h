// SPDX-License-Identifier: Apache-2.0
// A connection that the stack held so far becomes a socket of the kernel, in the network's namespace: what the
// container knows as the other end goes on with the same addresses, sequence numbers and options, and the container
// sees nothing.
//
// How this works: tcp(7), TCP_REPAIR. The socket is bound to the address of the other end (ip(7), IP_TRANSPARENT), told
// the numbers of both directions, connected without a packet, and told what was negotiated. Nothing may be in flight
// towards the container; what is on its way from it may come to either. From the moment the socket has its mark, the
// rule of addon/sys/nftables.h delivers the container's packets to it.
#pragma once

#include <cstdint>

#include "addon/net/flow_table.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

// SO_MARK of such sockets; only they have it.
inline constexpr uint32_t kHandedOverMark = 0x53616d70;

// What the socket needs to know. Numbers of RFC 9293 3.3.1, seen from us, at rest: SND.UNA is SND.NXT.
struct TcpHandover {
  FlowKey key;
  uint32_t snd_nxt = 0;
  uint32_t snd_wnd = 0;
  uint32_t snd_wl1 = 0;
  uint32_t rcv_nxt = 0;
  uint32_t rcv_wnd = 0;
  uint16_t mss = 0;  // the container's
  uint8_t snd_scale = 0;
  uint8_t rcv_scale = 0;
  uint32_t sack = 0;  // not 0: the container understands it
};
static_assert(sizeof(TcpHandover) == 68, "without padding: it is sent as it is");

// EINVAL where no connection can be like that.
Status validate(const TcpHandover &handover);

// The socket, in the network namespace behind the descriptor, with rights over it; non-blocking. Closing it resets the
// connection. ECONNABORTED: it had come to life and failed then, so the container has seen a reset.
Result<unique_fd> open_handed_over(int network_namespace, const TcpHandover &handover);

// Whoever may do that for one network.
class HandoverTarget {
 public:
  // ECONNABORTED: the connection is over. Other errors leave it as it was.
  virtual Result<unique_fd> take(const TcpHandover &handover) = 0;

 protected:
  ~HandoverTarget() = default;
};

}  // namespace sampan::net
