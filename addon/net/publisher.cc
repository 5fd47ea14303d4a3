// SPDX-License-Identifier: Apache-2.0
#include "addon/net/publisher.h"

#include <utility>
#include <vector>

#include "addon/net/publisher_core.h"
#include "addon/net/random_key.h"
#include "addon/net/tcp_listener.h"
#include "addon/net/udp_listener.h"

namespace sampan::net {

namespace {

bool same(const PublishedPort &a, const PublishedPort &b) {
  return a.is_udp == b.is_udp && a.host_address == b.host_address && a.host_port == b.host_port &&
         a.container == b.container && a.container_port == b.container_port;
}

class PublisherImpl final : public Publisher {
 public:
  PublisherImpl(PublisherResourcesImpl &resources, InnerSocketSource &inner, std::span<const IpPrefix> own,
                const PublisherLimits &limits, const SipKey &key)
      : core_(resources, inner, own, limits, key) {}
  ~PublisherImpl() override {
    for (auto &socket : sockets_) socket->close();
  }

  bool is_open() const { return core_.is_open(); }

  Result<uint16_t> publish(const PublishedPort &wanted) override {
    PublishedPort port = wanted;
    auto socket = open_host_socket(wanted, &port.host_port);
    if (!socket) return socket.error();
    auto started = port.is_udp ? start<UdpListener>(port, socket.take()) : start<TcpListener>(port, socket.take());
    if (!started) return started.error();
    return port.host_port;
  }

  void withdraw(const PublishedPort &port) override {
    withdraw_if([&](const PublishedPort &other) { return same(port, other); });
  }
  void withdraw_all(const IpAddress &container) override {
    withdraw_if([&](const PublishedPort &other) { return other.container == container; });
  }
  PublisherCounters counters() const override { return core_.counters; }

 private:
  template <typename Kind>
  Status start(const PublishedPort &port, unique_fd socket) {
    auto made = std::make_unique<Kind>(core_, port, std::move(socket));
    if (!made->start()) return last_error("epoll_ctl");
    sockets_.push_back(std::move(made));
    return {};
  }

  template <typename Chosen>
  void withdraw_if(Chosen chosen) {
    for (size_t i = sockets_.size(); i-- > 0;) {
      if (!chosen(sockets_[i]->port)) continue;
      sockets_[i]->close();
      core_.bury(std::move(sockets_[i]));
      sockets_.erase(sockets_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  PublisherCore core_;
  std::vector<std::unique_ptr<PublishedSocket>> sockets_;
};

}  // namespace

Result<std::unique_ptr<PublisherResources>> PublisherResources::create(EventLoop &loop) {
  auto made = std::make_unique<PublisherResourcesImpl>(loop);
  if (!made->datagrams().is_open()) return Error{ENOMEM, "mmap"};
  return std::unique_ptr<PublisherResources>(std::move(made));
}

Result<std::unique_ptr<Publisher>> Publisher::create(PublisherResources &resources, InnerSocketSource &inner,
                                                     std::span<const IpPrefix> own, PublisherLimits limits) {
  const auto key = random_key();
  if (!key) return key.error();
  auto made = std::make_unique<PublisherImpl>(static_cast<PublisherResourcesImpl &>(resources), inner, own, limits,
                                              key.value());
  if (!made->is_open()) return Error{ENOMEM, "mmap"};
  return std::unique_ptr<Publisher>(std::move(made));
}

}  // namespace sampan::net
