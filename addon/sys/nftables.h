// SPDX-License-Identifier: Apache-2.0
// nf_tables over netlink (nfnetlink, NFNL_SUBSYS_NFTABLES): as much of it as one rule takes.
#pragma once

#include <cstdint>

#include "addon/sys/result.h"

namespace sampan::sys {

// In the caller's network namespace, both families: TCP packets for a socket that has `socket_mark` (SO_MARK) get
// `packet_mark` before they are routed. EEXIST: the rule is there. ENOENT, EOPNOTSUPP, EPROTONOSUPPORT or EAFNOSUPPORT:
// a kernel without it (nft_socket with marks: Linux 4.19).
Status mark_packets_of_sockets(uint32_t socket_mark, uint32_t packet_mark);

}  // namespace sampan::sys
