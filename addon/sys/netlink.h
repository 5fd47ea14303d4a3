// SPDX-License-Identifier: Apache-2.0
// rtnetlink(7): links, addresses and routes of one network namespace.
//
// How this works: requests are collected in a NetlinkBatch, go to the kernel in one message, and each is acknowledged.
// The kernel does them in order and goes on after a failure, so the first failure is the one that counts.
#pragma once

#include <net/if.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "addon/sys/netlink_socket.h"
#include "addon/sys/result.h"

namespace sampan::sys {

// An address with the length of its network's prefix.
struct InterfaceAddress {
  int family = 0;  // AF_INET or AF_INET6
  uint8_t bytes[16] = {};
  uint8_t prefix_length = 0;
};

struct MacAddress {
  uint8_t bytes[6] = {};
};

struct VethPair {
  const char *name = "";
  unsigned bridge = 0;  // index of the bridge that `name` becomes a port of
  const char *peer_name = "";
  MacAddress peer_mac;
  int peer_namespace = -1;  // network namespace that the peer is born in
  uint32_t mtu = 0;
};

// Packets that come in through an interface from a port of an address are routed by a table of their own.
struct PacketRule {
  const char *interface_name = "";
  InterfaceAddress source;
  uint8_t protocol = 0;  // IPPROTO_TCP or IPPROTO_UDP
  uint16_t source_port = 0;
  uint32_t table = 0;
};

class NetlinkBatch {
 public:
  void add_bridge(const char *name, const MacAddress &mac, uint32_t mtu);
  // `name` is up at once; the peer is down.
  void add_veth(const VethPair &pair);
  void delete_link(const char *name);
  void set_down(const char *name);
  // 0 leaves what is there. queue_length: packets that may wait to be sent.
  void set_up(unsigned index, uint32_t mtu = 0, uint32_t queue_length = 0);
  // Duplicate address detection is left out: the addresses were given out by one authority.
  void add_address(unsigned index, const InterfaceAddress &address);
  // What `table` is asked for is this host's own: packets for sockets that are bound to the addresses of others.
  void add_local_route(int family, uint32_t table);
  void add_rule(const PacketRule &rule);
  void delete_rule(const PacketRule &rule);
  // Packets with this mark are routed by `table`.
  void add_mark_rule(int family, uint32_t mark, uint32_t table);
  // The default route; gateway null: everything is on the link.
  void add_default_route(unsigned index, int family, const InterfaceAddress *gateway);

 private:
  void put_rule(uint16_t type, uint16_t flags, const PacketRule &rule, const char *call);
  friend class Netlink;
  struct Mark {
    size_t start;
    const char *call;
    std::string subject;
  };

  size_t begin(uint16_t type, uint16_t flags, const void *header, size_t size, const char *call, std::string subject);
  void end(size_t start);
  void put(uint16_t type, const void *data, size_t size);
  void put_text(uint16_t type, std::string_view text);
  template <typename Number>
  void put_number(uint16_t type, Number number) {
    put(type, &number, sizeof number);
  }
  size_t nest(uint16_t type);
  void close_nest(size_t start);

  std::vector<std::byte> bytes_;
  std::vector<Mark> marks_;
};

class Netlink {
 public:
  // A socket of the network namespace that the caller is in.
  static Result<Netlink> open();

  // The first failure of the batch.
  Status run(const NetlinkBatch &batch);

 private:
  explicit Netlink(NetlinkSocket socket) : socket_(std::move(socket)) {}
  NetlinkSocket socket_;
};

// Index of an interface of the caller's network namespace; ENODEV when there is none of that name.
Result<unsigned> interface_index(const char *name);

// Generic receive offload of an interface of the caller's network namespace. On a veth it switches to NAPI, without
// which segments are reordered when the sender moves between processors.
Status enable_gro(const char *name);

}  // namespace sampan::sys
