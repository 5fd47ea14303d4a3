// SPDX-License-Identifier: Apache-2.0
// The names that a container of one network may ask for, from the leases as they are now.
//
// How this works: a container asks the gateway of its first network, and is known by the address that it has there. It
// hears the names of all networks that it is on: the first of them, in its own order, that has the name answers alone,
// so that a name is never a mixture of two networks'. NAME.NETWORK is looked up in that network. Several containers of
// one name are told in an order that changes, so that connections spread.
#pragma once

#include <string>
#include <vector>

#include "addon/helper/netd_description.h"
#include "addon/net/dns_server.h"

namespace sampan {

// Whoever holds the leases.
class ContainerSource {
 public:
  virtual std::vector<const ContainerDescription *> containers() const = 0;
  // The host's DNS servers as they are now.
  virtual const std::vector<net::IpAddress> &host_resolvers() = 0;

 protected:
  ~ContainerSource() = default;
};

class NetdZone final : public net::DnsZone {
 public:
  NetdZone(ContainerSource &source, const NetworkDescription &network) : source_(source), network_(network) {}

  bool find_name(const net::IpAddress &client, std::string_view name, std::vector<net::IpAddress> &addresses) override;
  std::string find_address(const net::IpAddress &client, const net::IpAddress &address) override;
  const std::vector<net::IpAddress> &resolvers(const net::IpAddress &client) override;
  bool owns(const net::IpAddress &client, const net::IpAddress &address) override;

 private:
  struct Match {
    const ContainerDescription *container = nullptr;
    const EndpointDescription *endpoint = nullptr;
  };
  std::vector<Match> members(const NetworkDescription &network) const;
  Match member_at(const NetworkDescription &network, const net::IpAddress &address) const;
  std::vector<const NetworkDescription *> networks_of(const net::IpAddress &client) const;
  bool find_in(const NetworkDescription &network, std::string_view name, std::vector<net::IpAddress> &addresses) const;

  ContainerSource &source_;
  const NetworkDescription &network_;
};

}  // namespace sampan
