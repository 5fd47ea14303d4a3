// SPDX-License-Identifier: Apache-2.0
// The Internet checksum (RFC 1071). Payload is not summed in the common case: the kernel hands over and takes frames
// whose checksum is still to be made (VIRTIO_NET_HDR_F_NEEDS_CSUM).
#pragma once

#include <cstddef>
#include <cstdint>

#include "addon/net/ip_address.h"

namespace sampan::net {

// A ones' complement sum over `size` bytes, added to `sum`; only the last part of a longer sum may have an odd size.
uint64_t add_sum(uint64_t sum, const void *data, size_t size);
// The sum's 16 bits, in network byte order as a number in host byte order; not complemented.
uint16_t fold(uint64_t sum);
// What the transport checksum covers besides the transport's own bytes (RFC 9293 3.1, RFC 8200 8.1).
uint64_t pseudo_header_sum(const IpAddress &source, const IpAddress &destination, uint8_t protocol, size_t size);

}  // namespace sampan::net
