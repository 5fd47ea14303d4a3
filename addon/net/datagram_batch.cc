// SPDX-License-Identifier: Apache-2.0
#include "addon/net/datagram_batch.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sampan::net {

namespace {

void read_control(struct msghdr &message, Datagram *datagram) {
  for (cmsghdr *part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      datagram->destination = IpAddress::from_v4(&info.ipi_addr);
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      datagram->destination = IpAddress::from_v6(&info.ipi6_addr);
    } else if (part->cmsg_level == SOL_UDP && part->cmsg_type == UDP_GRO) {
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(part), sizeof segment);
      datagram->segment = static_cast<uint16_t>(segment);
    }
  }
}

// Builds control messages one behind the other.
class ControlWriter {
 public:
  ControlWriter(char *buffer, size_t size) : message_{} {
    std::memset(buffer, 0, size);
    message_.msg_control = buffer;
    message_.msg_controllen = size;
    next_ = CMSG_FIRSTHDR(&message_);
  }
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

bool is_train(const Datagram &datagram) { return datagram.segment > 0 && datagram.size > datagram.segment; }

}  // namespace

DatagramBatch::DatagramBatch() : memory_(kMost * kSlotSize) {}

// udp(7): UDP_GRO, Linux 5.0; ip(7): IP_PKTINFO; ipv6(7): IPV6_RECVPKTINFO.
// #syscalls: setsockopt
void DatagramBatch::prepare(int socket, int family) {
  const int on = 1;
  (void)::setsockopt(socket, SOL_UDP, UDP_GRO, &on, sizeof on);
  if (family == AF_INET) {
    (void)::setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  } else {
    (void)::setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  }
}

// #syscalls: recvmmsg
unsigned DatagramBatch::receive(int socket) {
  for (unsigned i = 0; i < kMost; ++i) {
    pieces_[i] = {static_cast<char *>(memory_.at()) + i * kSlotSize, kSlotSize};
    messages_[i] = {};
    struct msghdr &header = messages_[i].msg_hdr;
    header.msg_name = &datagrams_[i].from.any;
    header.msg_namelen = sizeof datagrams_[i].from.v6;
    header.msg_iov = &pieces_[i];
    header.msg_iovlen = 1;
    header.msg_control = control_[i];
    header.msg_controllen = kControlSize;
  }
  const int count = ::recvmmsg(socket, messages_, kMost, MSG_DONTWAIT, nullptr);
  if (count < 0) return 0;
  for (int i = 0; i < count; ++i) {
    Datagram &datagram = datagrams_[i];
    datagram.data = static_cast<char *>(pieces_[i].iov_base);
    datagram.size = messages_[i].msg_len;
    datagram.segment = 0;
    datagram.destination = {};
    datagram.from.length = messages_[i].msg_hdr.msg_namelen;
    read_control(messages_[i].msg_hdr, &datagram);
  }
  return static_cast<unsigned>(count);
}

// #syscalls: sendmmsg sendmsg
void DatagramBatch::send(int socket, unsigned first, unsigned count, const SocketAddress *to, const IpAddress &source) {
  SocketAddress name;
  if (to != nullptr) name = *to;
  for (unsigned i = first; i < first + count; ++i) {
    const Datagram &datagram = datagrams_[i];
    pieces_[i] = {datagram.data, datagram.size};
    ControlWriter control(control_[i], kControlSize);
    put_source(control, source);
    if (is_train(datagram)) control.put(SOL_UDP, UDP_SEGMENT, datagram.segment);
    messages_[i] = {};
    struct msghdr &header = messages_[i].msg_hdr;
    header.msg_name = to == nullptr ? nullptr : &name.any;
    header.msg_namelen = to == nullptr ? 0 : name.length;
    header.msg_iov = &pieces_[i];
    header.msg_iovlen = 1;
    header.msg_control = control.used() == 0 ? nullptr : control_[i];
    header.msg_controllen = control.used();
  }
  for (unsigned done = 0; done < count;) {
    const int sent = ::sendmmsg(socket, messages_ + first + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<unsigned>(sent);
      continue;
    }
    if (errno == EAGAIN || errno == ENOBUFS) return;
    // An error that was waiting at the socket is taken away by this: the peer was not there a moment ago.
    const bool too_large = errno == EINVAL || errno == EMSGSIZE || errno == EIO;
    const unsigned index = first + done++;
    if (too_large && is_train(datagrams_[index])) {
      send_train(socket, messages_[index].msg_hdr, datagrams_[index]);
    } else if (errno == ECONNREFUSED) {
      (void)::sendmsg(socket, &messages_[index].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  }
}

// Datagrams that are larger than the next link takes cannot go as a train: each is sent, and cut up, by itself.
void DatagramBatch::send_train(int socket, struct msghdr message, const Datagram &datagram) {
  message.msg_controllen -= CMSG_SPACE(sizeof datagram.segment);
  if (message.msg_controllen == 0) message.msg_control = nullptr;
  for (size_t offset = 0; offset < datagram.size; offset += datagram.segment) {
    struct iovec piece = {datagram.data + offset, std::min<size_t>(datagram.segment, datagram.size - offset)};
    message.msg_iov = &piece;
    if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EAGAIN) return;
  }
}

}  // namespace sampan::net
