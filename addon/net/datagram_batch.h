// SPDX-License-Identifier: Apache-2.0
// Datagrams on their way from one socket to another, several with one system call. A slot may hold a train of datagrams
// of one size, which the kernel has joined and will take apart again (udp(7), UDP_GRO and UDP_SEGMENT).
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "addon/net/ip_address.h"
#include "addon/net/reserved_memory.h"

namespace sampan::net {

struct Datagram {
  char *data = nullptr;
  size_t size = 0;
  uint16_t segment = 0;   // size of each datagram of a train; 0: it is one datagram
  SocketAddress from;     // who sent it
  IpAddress destination;  // which of our addresses it was sent to; unspecified when the socket does not say
};

class DatagramBatch {
 public:
  static constexpr unsigned kMost = 16;

  DatagramBatch();
  bool is_open() const { return memory_.at() != nullptr; }

  // Trains and destination addresses are reported from now on. Errors only mean that the kernel is too old for trains.
  static void prepare(int socket, int family);

  // What waits at the socket, at most kMost slots; valid until the next receive().
  unsigned receive(int socket);
  const Datagram &at(unsigned index) const { return datagrams_[index]; }

  // Slots first .. first+count-1. `to` null: where the socket is connected to. `source`: which of our addresses they
  // come from; unspecified leaves it to the kernel. What the socket does not take is lost, as datagrams may be.
  void send(int socket, unsigned first, unsigned count, const SocketAddress *to, const IpAddress &source);

 private:
  static constexpr size_t kSlotSize = 65536;
  static constexpr size_t kControlSize = 128;

  void send_train(int socket, struct msghdr message, const Datagram &datagram);

  ReservedMemory memory_;
  Datagram datagrams_[kMost];
  alignas(struct cmsghdr) char control_[kMost][kControlSize];
  struct iovec pieces_[kMost];
  struct mmsghdr messages_[kMost];
};

}  // namespace sampan::net
