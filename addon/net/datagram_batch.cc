// SPDX-License-Identifier: Apache-2.0
#include "addon/net/datagram_batch.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "addon/net/udp_socket.h"

namespace sampan::net {

namespace {

void read_control(struct msghdr &message, Datagram *datagram) {
  for (cmsghdr *part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      // Where all are called: the address of ours that can answer.
      datagram->destination = IpAddress::from_v4(&info.ipi_spec_dst);
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) datagram->destination = IpAddress::from_v6(&info.ipi6_addr);
    } else if (const uint16_t segment = train_segment(*part); segment != 0) {
      datagram->segment = segment;
    }
  }
}

// Builds control messages one behind the other.
class ControlWriter {
 public:
  ControlWriter(char *buffer, size_t size) : message_(empty(buffer, size)), next_(CMSG_FIRSTHDR(&message_)) {}
  template <typename T>
  void put(int level, int type, const T &value) {
    next_->cmsg_level = level;
    next_->cmsg_type = type;
    next_->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(next_), &value, sizeof value);
    used_ += CMSG_SPACE(sizeof value);
    next_ = CMSG_NXTHDR(&message_, next_);
  }
  size_t used() const { return used_; }

 private:
  static struct msghdr empty(char *buffer, size_t size) {
    std::memset(buffer, 0, size);
    struct msghdr message = {};
    message.msg_control = buffer;
    message.msg_controllen = size;
    return message;
  }

  struct msghdr message_;
  cmsghdr *next_;
  size_t used_ = 0;
};

void put_source(ControlWriter &control, const IpAddress &source) {
  if (source.is_unspecified()) return;
  if (source.is_v4()) {
    in_pktinfo info = {};
    std::memcpy(&info.ipi_spec_dst, source.v4(), sizeof info.ipi_spec_dst);
    control.put(IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info = {};
    std::memcpy(&info.ipi6_addr, source.bytes, sizeof info.ipi6_addr);
    control.put(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

size_t segment_of(const Datagram &datagram) { return datagram.segment != 0 ? datagram.segment : datagram.size; }

// How many datagrams a piece holds; the last may be smaller than the others.
size_t count_of(const Datagram &datagram, size_t segment) { return (datagram.size + segment - 1) / segment; }

bool same_way(const Datagram &one, const Datagram &other) {
  return one.from.length == other.from.length && std::memcmp(&one.from.any, &other.from.any, one.from.length) == 0 &&
         one.destination == other.destination;
}

}  // namespace

DatagramBatch::DatagramBatch() : memory_(kMost * kSlotSize) {}

// ip(7): IP_PKTINFO; ipv6(7): IPV6_RECVPKTINFO. #syscalls: setsockopt
void DatagramBatch::prepare(int socket, int family) {
  widen_buffers(socket);
  accept_trains(socket);
  const int on = 1;
  if (family == AF_INET) {
    (void)::setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  } else {
    (void)::setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  }
}

// #syscalls: recvmmsg
unsigned DatagramBatch::receive(int socket, unsigned most) {
  for (unsigned i = 0; i < most; ++i) {
    pieces_[i] = {slot(i), 65536};
    messages_[i] = {};
    struct msghdr &header = messages_[i].msg_hdr;
    header.msg_name = &datagrams_[i].from.any;
    header.msg_namelen = sizeof datagrams_[i].from.v6;
    header.msg_iov = &pieces_[i];
    header.msg_iovlen = 1;
    header.msg_control = control_[i];
    header.msg_controllen = kControlSize;
  }
  saw_large_ = false;
  const int count = ::recvmmsg(socket, messages_, most, MSG_DONTWAIT, nullptr);
  if (count < 0) return 0;
  for (int i = 0; i < count; ++i) {
    Datagram &datagram = datagrams_[i];
    datagram.data = slot(static_cast<unsigned>(i));
    datagram.size = messages_[i].msg_len;
    datagram.segment = 0;
    datagram.destination = {};
    datagram.from.length = messages_[i].msg_hdr.msg_namelen;
    read_control(messages_[i].msg_hdr, &datagram);
    saw_large_ |= datagram.size >= kLarge;
  }
  return static_cast<unsigned>(count);
}

unsigned DatagramBatch::train_end(unsigned first, unsigned end) const {
  const Datagram &head = datagrams_[first];
  const size_t segment = segment_of(head);
  size_t size = head.size;
  unsigned last = first + 1;
  for (; last < end && segment != 0 && size % segment == 0; ++last) {
    const Datagram &next = datagrams_[last];
    const bool fits = next.size != 0 && segment_of(next) <= segment && size + next.size <= kMaxTrain &&
                      size / segment + count_of(next, segment) <= kMaxSegments;
    // Only one that is not a train itself may have another size, and none can follow it.
    const bool alike = segment_of(next) == segment || next.segment == 0 || next.size <= next.segment;
    if (!fits || !alike || !same_way(head, next)) break;
    size += next.size;
  }
  return last;
}

Datagram DatagramBatch::join(unsigned first, unsigned end) {
  Datagram &train = datagrams_[first];
  if (end - first > 1) train.segment = static_cast<uint16_t>(segment_of(train));
  for (unsigned i = first + 1; i < end; ++i) {
    std::memcpy(train.data + train.size, datagrams_[i].data, datagrams_[i].size);
    train.size += datagrams_[i].size;
  }
  return train;
}

// #syscalls: sendmmsg sendmsg
void DatagramBatch::send(int socket, unsigned first, unsigned end, const SocketAddress *to, const IpAddress &source) {
  SocketAddress name;
  if (to != nullptr) name = *to;
  size_t segments[kMost];
  unsigned count = 0;
  for (unsigned at = first, next = first; at < end; at = next) {
    next = train_end(at, end);
    for (unsigned i = at; i < next; ++i) pieces_[i] = {datagrams_[i].data, datagrams_[i].size};
    const bool train = next - at > 1 || datagrams_[at].size > segment_of(datagrams_[at]);
    ControlWriter control(control_[count], kControlSize);
    put_source(control, source);
    if (train) control.put(SOL_UDP, UDP_SEGMENT, static_cast<uint16_t>(segment_of(datagrams_[at])));
    messages_[count] = {};
    struct msghdr &header = messages_[count].msg_hdr;
    header.msg_name = to == nullptr ? nullptr : &name.any;
    header.msg_namelen = to == nullptr ? 0 : name.length;
    header.msg_iov = &pieces_[at];
    header.msg_iovlen = next - at;
    header.msg_control = control.used() == 0 ? nullptr : control_[count];
    header.msg_controllen = control.used();
    segments[count++] = train ? segment_of(datagrams_[at]) : 0;
  }
  for (unsigned done = 0; done < count;) {
    const int sent = ::sendmmsg(socket, messages_ + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<unsigned>(sent);
      continue;
    }
    if (errno == EAGAIN || errno == ENOBUFS) return;
    // An error that was waiting at the socket is taken away by this: the peer was not there a moment ago.
    const bool too_large = errno == EINVAL || errno == EMSGSIZE || errno == EIO;
    const unsigned index = done++;
    if (too_large && segments[index] != 0) {
      send_singly(socket, messages_[index].msg_hdr, segments[index]);
    } else if (errno == ECONNREFUSED) {
      (void)::sendmsg(socket, &messages_[index].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  }
}

// Datagrams that are larger than the next link takes cannot go as a train: each is sent, and cut up, by itself.
void DatagramBatch::send_singly(int socket, struct msghdr message, size_t segment) {
  message.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
  if (message.msg_controllen == 0) message.msg_control = nullptr;
  const std::span<const struct iovec> pieces(message.msg_iov, message.msg_iovlen);
  message.msg_iovlen = 1;
  for (const struct iovec &piece : pieces) {
    for (size_t offset = 0; offset < piece.iov_len; offset += segment) {
      struct iovec part = {static_cast<char *>(piece.iov_base) + offset, std::min(segment, piece.iov_len - offset)};
      message.msg_iov = &part;
      if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EAGAIN) return;
    }
  }
}

}  // namespace sampan::net
