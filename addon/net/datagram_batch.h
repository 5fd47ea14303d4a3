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
  uint8_t *data = nullptr;
  size_t size = 0;
  uint16_t segment = 0;   // size of each datagram of a train; 0: it is one datagram
  SocketAddress from;     // who sent it
  IpAddress destination;  // which of our addresses answers it; unspecified when the socket does not say
};

class DatagramBatch {
 public:
  static constexpr unsigned kMost = 32;
  // Large ones are taken a few at a time: what was received is to be sent while it is still in the cache.
  static constexpr unsigned kFew = 2;
  static constexpr size_t kLarge = 16384;
  // Writable bytes before the data of each slot.
  static constexpr size_t kHeadroom = 192;

  DatagramBatch();
  bool is_open() const { return memory_.at() != nullptr; }

  // Trains and destination addresses are reported from now on. Errors only mean that the kernel is too old for trains.
  static void prepare(int socket, int family);

  // What waits at the socket, at most `most` slots; valid until the next receive().
  unsigned receive(int socket, unsigned most = kMost);
  const Datagram &at(unsigned index) const { return datagrams_[index]; }
  // After receive(): how many to take the next time from the same socket.
  unsigned next_most() const { return saw_large_ ? kFew : kMost; }

  // The end of the slots from `first` on that can go as one train: one sender, one address of ours, one size.
  unsigned train_end(unsigned first, unsigned end) const;
  // Puts them together in the first slot.
  Datagram join(unsigned first, unsigned end);

  // Slots first .. end-1. `to` null: where the socket is connected to. `source`: which of our addresses they
  // come from; unspecified leaves it to the kernel. What the socket does not take is lost, as datagrams may be.
  void send(int socket, unsigned first, unsigned end, const SocketAddress *to, const IpAddress &source);

  // Gives the memory of what was received back.
  void trim() { memory_.release(0, kMost * kSlotSize); }

 private:
  static constexpr size_t kSlotSize = 65536 + 4096;  // of whole pages
  static constexpr size_t kControlSize = 128;

  uint8_t *slot(unsigned index) const { return static_cast<uint8_t *>(memory_.at()) + index * kSlotSize + kHeadroom; }
  void send_singly(int socket, struct msghdr message, size_t segment);

  ReservedMemory memory_;
  bool saw_large_ = false;
  Datagram datagrams_[kMost];
  alignas(struct cmsghdr) char control_[kMost][kControlSize];
  struct iovec pieces_[kMost];
  struct mmsghdr messages_[kMost];
};

}  // namespace sampan::net
