// SPDX-License-Identifier: Apache-2.0
// Two TCP sockets of the kernel, joined: what arrives at one is sent by the other.
//
// How this works: messages are received and sent through a buffer. What fills it goes from socket to pipe to socket by
// splice(2) from then on, so that pages move by reference, until little comes again. Each direction is read again only
// when all of it has been written: the kernel's windows hold back a sender whose reader is slow, and no more than a
// pipe is kept here. The end of a direction (FIN) is passed on when its data is; a reset on one side resets the other.
// Both sockets are watched for edges, once: who is not done by the turn's end asks to be resumed.
#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

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
  // For what is passed on at once; shared, 64 KB.
  virtual std::span<uint8_t> buffer() = 0;
  // Another socket for a relay whose inner one was refused, on its way too; none: the client is reset.
  virtual unique_fd another_way(SpliceRelay &) { return {}; }
  // There is more to do: resume() it at the turn's end. Not asked again before that.
  virtual void unfinished(SpliceRelay &relay) = 0;
  // Both ends were passed on: close() it as soon as nobody waits for anything else.
  virtual void finished(SpliceRelay &relay) = 0;
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
  // Both are connected already, and `held` bytes of what the container has sent wait in `pipe`, which is none without
  // them. The container's socket resets its connection when it is closed, except by us. As start().
  bool join(Pipe pipe, size_t held);
  void resume();
  bool belongs_to(const RelayOwner &owner) const { return &owner_ == &owner; }
  // There is, or may be, something to pass on.
  bool is_open() const { return !finished_; }
  bool is_closed() const { return !client_.fd; }
  // Resets both connections, unless both have ended.
  void abort();
  void close();

 private:
  struct Side final : Watch {
    Side(SpliceRelay &of, unique_fd socket) : relay(of), fd(std::move(socket)) {}
    void ready(uint32_t events) override { relay.serve(*this, events); }

    SpliceRelay &relay;
    unique_fd fd;
    bool was_sent_to = false;
    bool sends_at_once = false;
  };
  struct Remainder {
    std::unique_ptr<uint8_t[]> bytes;
    size_t from = 0;
    size_t size = 0;  // from there on
  };
  // From one side to the other.
  struct Direction {
    bool has_data() const { return held != 0 || remainder.size != 0; }

    Pipe pipe;              // while data is in it
    size_t held = 0;        // bytes in the pipe
    Remainder remainder;    // what comes behind them, when the pipe has no room for it
    bool readable = false;  // there may be something to read
    bool urgent = false;    // there was urgent data: reads stop there, and a short one says nothing
    bool ending = false;    // the end is known to wait behind the data: a short read was the last
    bool bulk = false;      // much comes at once
    bool ended = false;
    bool passed_on = false;  // the end, that is
  };
  // What became of a step.
  enum class Step : uint8_t { done, blocked, broken };

  void serve(Side &side, uint32_t events);
  void connect_again();
  void transfer();
  // False: one of the two connections is broken.
  bool pump(Direction &direction, Side &from, Side &to, const Direction &back);
  bool pass_on_end(Direction &direction, const Side &to, const Direction &back) const;
  Step fill(Direction &direction, Side &from, Side &to, size_t *moved);
  Step pass_message(Direction &direction, Side &from, Side &to, size_t *moved);
  Step keep(Direction &direction, std::span<const uint8_t> rest);
  Step keep_remainder(Direction &direction, std::span<const uint8_t> rest);
  Step fill_pipe(Direction &direction, const Side &from, size_t *moved);
  Step drain(Direction &direction, Side &to);
  Step send_remainder(Remainder &remainder, const Side &to);
  bool watch(Side &side);

  RelayOwner &owner_;
  Side client_;
  Side inner_;
  Direction inward_;   // client to container
  Direction outward_;  // container to client
  bool connecting_ = true;
  bool connected_again_ = false;
  bool finished_ = false;
  bool resumed_later_ = false;
  bool resets_on_close_ = false;  // the inner one, unless both have ended
};

}  // namespace sampan::net
