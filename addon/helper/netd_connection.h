// SPDX-License-Identifier: Apache-2.0
// One connection to netd: of a monitor, which holds a container's lease while it is open, or of a command.
#pragma once

#include <utility>

#include "addon/helper/netd_server.h"

namespace sampan {

struct NetdServer::Connection final : public Watch {
  Connection(NetdServer &netd, unique_fd connection) : server(netd), socket(std::move(connection)) {}
  void ready(uint32_t) override { server.serve(*this); }

  NetdServer &server;
  unique_fd socket;  // closed when the connection is over; it is forgotten after the turn
  bool entered = false;
  bool leased = false;
  Status prepared;  // what came of the preparations of NET_ENTER, for who attaches
  NetdLease lease;
};

}  // namespace sampan
