// SPDX-License-Identifier: Apache-2.0
// Published ports of one network: listens on the host, and relays each client to its container.
//
// How this works: the host's side is a listening socket (TCP) or one bound socket (UDP). For each client a socket is
// opened in the network's namespace that is bound to the client's own address and port (ip(7), IP_TRANSPARENT), so that
// the server in the container sees who calls; rules of that namespace lead the answers back to it (steer_replies). A
// client whose address cannot be carried over - the host's loopback, another family than the container's, an address of
// the network itself - comes from the gateway instead. TCP is joined by splice(2), UDP goes datagram by datagram. Where
// the container's address refuses (TCP: before anything was read from the client; UDP: before anything was answered,
// and the datagram that was refused goes there, up to 511 bytes), its other address is asked, once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "addon/net/event_loop.h"
#include "addon/net/inner_sockets.h"
#include "addon/net/ip_address.h"
#include "addon/sys/result.h"

namespace sampan::net {

struct PublishedPort {
  bool is_udp = false;
  IpAddress host_address;  // unspecified, of either family (0.0.0.0 or ::): every address of that family
  uint16_t host_port = 0;  // 0: any free one
  IpAddress container;     // of either family
  uint16_t container_port = 0;
  // Where it is tried when the first address refuses: many servers listen at IPv4 addresses only. Unspecified: nowhere.
  IpAddress other_container = {};
};

// Bounds per network.
struct PublisherLimits {
  uint32_t connections = 16384;
  uint32_t udp_flows = 8192;
};

struct PublisherCounters {
  uint64_t accepted = 0;
  uint64_t anonymous = 0;  // clients that came from the gateway's address
  uint64_t failed = 0;     // clients that could not be given a way in
  uint64_t dropped = 0;    // datagrams beyond a limit
  uint32_t connections = 0;
  uint32_t udp_flows = 0;
};

// Pipes and datagram buffers, shared by all publishers of a process.
class PublisherResources {
 public:
  static Result<std::unique_ptr<PublisherResources>> create(EventLoop &loop);
  virtual ~PublisherResources() = default;

 protected:
  PublisherResources() = default;
};

class Publisher {
 public:
  // `own`: the network's prefixes. `inner` makes sockets in the network, and outlives the publisher.
  static Result<std::unique_ptr<Publisher>> create(PublisherResources &resources, InnerSocketSource &inner,
                                                   std::span<const IpPrefix> own, PublisherLimits limits = {});
  virtual ~Publisher() = default;

  // The port on the host. EADDRINUSE, EACCES (a port that only root may have) or EADDRNOTAVAIL, with the port as
  // subject.
  virtual Result<uint16_t> publish(const PublishedPort &port) = 0;
  // Ends one published port, or all those of a container; their connections are reset.
  virtual void withdraw(const PublishedPort &port) = 0;
  virtual void withdraw_all(const IpAddress &container) = 0;
  virtual PublisherCounters counters() const = 0;

 protected:
  Publisher() = default;
};

}  // namespace sampan::net
