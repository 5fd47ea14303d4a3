// SPDX-License-Identifier: Apache-2.0
// IP addresses of both families in one type: IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 2.5.5.2), so that tables have
// one kind of key.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <cstring>

namespace sampan::net {

struct IpAddress {
  uint8_t bytes[16] = {};

  static IpAddress from_v4(const void *four_bytes) {
    IpAddress address;
    address.bytes[10] = address.bytes[11] = 0xFF;
    std::memcpy(address.bytes + 12, four_bytes, 4);
    return address;
  }
  static IpAddress from_v6(const void *sixteen_bytes) {
    IpAddress address;
    std::memcpy(address.bytes, sixteen_bytes, 16);
    return address;
  }

  bool is_v4() const {
    constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    return std::memcmp(bytes, kMapped, sizeof kMapped) == 0;
  }
  bool is_unspecified() const { return *this == IpAddress{}; }
  const uint8_t *v4() const { return bytes + 12; }

  friend bool operator==(const IpAddress &, const IpAddress &) = default;
};

// A network. The length counts from the start of the 128 bits: 10.88.0.0/16 has length 112 (see v4()).
struct IpPrefix {
  IpAddress address;
  uint8_t length = 0;

  static IpPrefix v4(const IpAddress &address, unsigned length) { return {address, static_cast<uint8_t>(96 + length)}; }

  bool contains(const IpAddress &other) const {
    const unsigned whole = length / 8;
    if (std::memcmp(address.bytes, other.bytes, whole) != 0) return false;
    if (length % 8 == 0) return true;
    const unsigned mask = 0xFF00U >> (length % 8) & 0xFFU;
    return ((address.bytes[whole] ^ other.bytes[whole]) & mask) == 0;
  }
};

// A socket address of the family that the address has: IPv4-mapped addresses become AF_INET.
struct SocketAddress {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  };
  socklen_t length = 0;

  SocketAddress() : v6{} {}
  // `link`: see link().
  SocketAddress(const IpAddress &address, uint16_t port, uint32_t link = 0) : v6{} {
    if (address.is_v4()) {
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&v4.sin_addr, address.v4(), 4);
      length = sizeof v4;
    } else {
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      v6.sin6_scope_id = link;
      std::memcpy(&v6.sin6_addr, address.bytes, 16);
      length = sizeof v6;
    }
  }

  IpAddress address() const {
    return any.sa_family == AF_INET ? IpAddress::from_v4(&v4.sin_addr) : IpAddress::from_v6(&v6.sin6_addr);
  }
  // The interface, of an address that is known on its link only (ipv6(7)); else 0.
  uint32_t link() const { return any.sa_family == AF_INET6 ? v6.sin6_scope_id : 0; }
  uint16_t port() const { return ntohs(any.sa_family == AF_INET ? v4.sin_port : v6.sin6_port); }
};

}  // namespace sampan::net
