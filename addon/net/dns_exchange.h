// SPDX-License-Identifier: Apache-2.0
// One query on its way to the resolvers and back, or one TCP connection of a container.
#pragma once

#include <memory>
#include <vector>

#include "addon/net/dns_message.h"
#include "addon/net/event_loop.h"
#include "addon/net/ip_address.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

class DnsExchangeOwner {
 public:
  virtual const std::vector<IpAddress> &resolvers(const IpAddress &client) = 0;
  // Empty: to be relayed.
  virtual std::vector<uint8_t> answer(const IpAddress &client, const DnsQuery &query) = 0;

 protected:
  ~DnsExchangeOwner() = default;
};

class DnsExchange {
 public:
  virtual ~DnsExchange() = default;
  virtual bool finished() const = 0;
  virtual const IpAddress &client() const = 0;
  // Makes room for others: whoever asked hears of a failure.
  virtual void abandon() = 0;
};

// Who asked by datagram, through which of our sockets (borrowed).
struct DnsClient {
  int socket = -1;
  SocketAddress address;
};

std::unique_ptr<DnsExchange> relay_datagram(EventLoop &loop, DnsExchangeOwner &owner, const DnsClient &client,
                                            DnsBytes message);

std::unique_ptr<DnsExchange> serve_connection(EventLoop &loop, DnsExchangeOwner &owner, unique_fd connection,
                                              const IpAddress &client);

// A socket of the host, connected to a resolver or about to be; nothing when there is no way to it.
unique_fd connect_to_resolver(const IpAddress &resolver, int type);
uint16_t random_dns_id();

}  // namespace sampan::net
