// SPDX-License-Identifier: Apache-2.0
// The names of one network, from the leases as they are now.
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

  bool find_name(std::string_view name, std::vector<net::IpAddress> &addresses) override;
  std::string find_address(const net::IpAddress &address) override;
  const std::vector<net::IpAddress> &resolvers(const net::IpAddress &client) override;
  bool owns(const net::IpAddress &address) override;

 private:
  struct Match {
    const ContainerDescription *container = nullptr;
    const EndpointDescription *endpoint = nullptr;
  };
  std::vector<Match> members() const;
  Match member_at(const net::IpAddress &address) const;

  ContainerSource &source_;
  const NetworkDescription &network_;
};

}  // namespace sampan
