// SPDX-License-Identifier: Apache-2.0
// Two TCP sockets of the kernel, joined: what arrives at one is sent by the other.
//
// How this works: data goes from socket to pipe to socket by splice(2), so that pages move by reference. Each direction
// is read again only when all of it has been written: the kernel's windows hold back a sender whose reader is slow, and
// nothing is kept here. The end of a direction (FIN) is passed on when its data is; a reset on one side resets the
// other.
#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>

#include "addon/net/event_loop.h"
#include "addon/net/pipe_pool.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

class SpliceRelay;

// What relays of one process share, and who buries them.
class RelayOwner {
 public:
  virtual EventLoop &loop() = 0;
  virtual PipePool &pipes() = 0;
  // The relay is over and its sockets are closed; it stays in memory until the turn's end.
  virtual void ended(SpliceRelay &relay) = 0;

 protected:
  ~RelayOwner() = default;
};

class SpliceRelay {
 public:
  // `inner` is on its way to be connected: what the client sends waits for that.
  SpliceRelay(RelayOwner &owner, unique_fd client, unique_fd inner);
  SpliceRelay(const SpliceRelay &) = delete;
  SpliceRelay &operator=(const SpliceRelay &) = delete;

  // False: the kernel refuses to watch the sockets, and the relay is of no use.
  bool start();
  bool belongs_to(const RelayOwner &owner) const { return &owner_ == &owner; }
  bool is_open() const { return static_cast<bool>(client_.fd); }
  // Resets both connections.
  void abort();

 private:
  struct Side final : Watch {
    Side(SpliceRelay &of, unique_fd socket) : relay(of), fd(std::move(socket)) {}
    void ready(uint32_t events) override { relay.serve(*this, events); }

    SpliceRelay &relay;
    unique_fd fd;
  };
  // From one side to the other.
  struct Direction {
    Pipe pipe;        // while data is in it
    size_t held = 0;  // bytes in the pipe
    bool ended = false;
    bool passed_on = false;  // the end, that is
  };

  void serve(Side &side, uint32_t events);
  bool is_connected() const;
  // False: one of the two connections is broken.
  bool transfer(Side &side, uint32_t events);
  bool pump(Direction &direction, Side &from, Side &to);
  bool fill(Direction &direction, const Side &from);
  bool drain(Direction &direction, const Side &to);
  bool watch(Side &side, const Direction &in, const Direction &out);
  bool watch_both();
  void close();

  RelayOwner &owner_;
  Side client_;
  Side inner_;
  Direction inward_;   // client to container
  Direction outward_;  // container to client
  bool connecting_ = true;
};

}  // namespace sampan::net
