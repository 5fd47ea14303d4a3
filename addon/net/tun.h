// SPDX-License-Identifier: Apache-2.0
// Creation of a tun device as the Stack wants it: layer 3, virtio-net headers, and all offloads the kernel gives, so
// that frames of 64 KB cross in both directions and nobody segments or computes checksums.
#pragma once

#include <cstddef>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

// struct virtio_net_hdr_v1 before every frame: with it the IP header is aligned.
inline constexpr size_t kVnetHeaderSize = 12;

// What the device's queue should hold (IFLA_TXQLEN): small packets of thousands of connections may come at once, and
// what the queue does not take is lost. An entry costs 8 bytes until it is used.
inline constexpr uint32_t kTunQueueLength = 8192;

struct Tun {
  unique_fd fd;               // non-blocking, close-on-exec
  bool udp_segments = false;  // TUN_F_USO4 and USO6, Linux 6.2
};

// Creates the device `name` in the network namespace of the calling process, which needs CAP_NET_ADMIN in the user
// namespace that owns it. The link is down, without addresses. It goes when the descriptor is closed.
// TUNSETOFFLOAD is stepped down where refused; `tun` without TSO does not exist.
Result<Tun> open_tun(const char *name);

}  // namespace sampan::net
