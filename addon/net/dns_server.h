// SPDX-License-Identifier: Apache-2.0
// DNS for one network, on the gateway's addresses: names of containers from live state, everything else relayed to the
// resolvers of the host.
//
// How this works: the sockets that containers ask were opened in the network's namespace, those that resolvers are
// asked through are the host's. A relayed query gets a random id and, being on a socket of its own, a random port; the
// answer has to match id, server and question. A query that nobody answers goes to the next resolver, and in the end
// the container hears SERVFAIL. Over TCP it is the same with length prefixes, one query at a time for each connection.
// Bounded: queries under way in all and for each container, connections, and the time that each may take. When all
// places are taken, whoever has most loses his oldest one to whoever has fewer; and a container that asks faster than
// its budget (dns_budget.h) is not heard, so that one that floods starves none. Nobody outside the network can ask, so
// nothing is amplified.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "addon/net/dns_message.h"
#include "addon/net/event_loop.h"
#include "addon/net/ip_address.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

// Whoever knows the containers of a network. What is answered depends on the container that asks, which is known by its
// address, `client`.
class DnsZone {
 public:
  // Addresses of the containers that are called so; false: nobody is.
  virtual bool find_name(const IpAddress &client, std::string_view name, std::vector<IpAddress> &addresses) = 0;
  // The first name of the container with this address; empty: nobody has it.
  virtual std::string find_address(const IpAddress &client, const IpAddress &address) = 0;
  // Whom to ask for what the zone does not know.
  virtual const std::vector<IpAddress> &resolvers(const IpAddress &client) = 0;
  // Addresses that are never looked up outside.
  virtual bool owns(const IpAddress &client, const IpAddress &address) = 0;

 protected:
  ~DnsZone() = default;
};

// The sockets of one address of the gateway. Which of the UDP sockets a datagram goes to follows from the address that
// it comes from: a container that fills one queue takes its place from few others.
struct DnsSockets {
  std::vector<unique_fd> udp;
  unique_fd tcp;  // listens
};

// In the network namespace of the caller, which has the address.
Result<DnsSockets> open_dns_sockets(const IpAddress &address);

// The answer of the zone itself; empty: to be relayed.
std::vector<uint8_t> answer_from_zone(DnsZone &zone, const IpAddress &client, const DnsQuery &query);

class DnsServer {
 public:
  static Result<std::unique_ptr<DnsServer>> create(EventLoop &loop, DnsZone &zone, DnsSockets sockets);
  virtual ~DnsServer() = default;

 protected:
  DnsServer() = default;
};

}  // namespace sampan::net
