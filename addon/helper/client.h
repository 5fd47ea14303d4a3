// SPDX-License-Identifier: Apache-2.0
// One connection of a client, as the relay sees it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "addon/helper/detach_keys.h"
#include "addon/sys/poller.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// What a client has not been sent yet, in the order in which it is sent.
enum Unsent : uint32_t {
  kUnsentStarted = 1,
  kUnsentAttached = 2,
  kUnsentStdout = 4,
  kUnsentStderr = 8,
  kUnsentDetached = 16,
};

struct Client;

class ClientOwner {
 public:
  virtual void client_ready(Client &client, uint32_t events) = 0;

 protected:
  ~ClientOwner() = default;
};

struct Client final : public Watch {
  Client(ClientOwner &client_owner, unique_fd connection) : owner(client_owner), socket(std::move(connection)) {}
  void ready(uint32_t events) override { owner.client_ready(*this, events); }

  ClientOwner &owner;
  unique_fd socket;      // closed when the client is gone
  uint32_t streams = 0;  // StreamFlags
  DetachKeys detach_keys;
  uint32_t unsent = 0;                       // Unsent
  std::array<size_t, 2> tail_sent = {0, 0};  // of the streams' tails
  bool control = false;                      // it started the container
  bool attached = false;                     // it has said ATTACH, or is an attached control client
  bool nudge = false;                        // its first RESIZE makes the program redraw, whatever the size
  bool blocked = false;                      // its stdin waits in the socket
  bool hung_up = false;                      // it has closed its end; what it had sent before still counts
  bool leaving = false;                      // the detach keys were seen
  bool exit_sent = false;
};

}  // namespace sampan
