// SPDX-License-Identifier: Apache-2.0
#include "addon/net/dns_server.h"

#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "addon/net/bytes.h"
#include "addon/net/dns_exchange.h"

namespace sampan::net {

namespace {

constexpr int kBacklog = 64;
constexpr size_t kMaxQuery = 4096;  // no query is longer than its name and some options
constexpr size_t kMaxExchanges = 512;
constexpr size_t kMaxExchangesOfOne = 128;

Result<unique_fd> open_socket(const IpAddress &address, int type) {
  const SocketAddress local(address, kDnsPort);
  unique_fd fd(::socket(local.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return last_error("socket", "dns");
  const int on = 1;
  // An earlier process may have left connections in TIME_WAIT.
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), &local.any, local.length) != 0) return last_error("bind", "dns");
  if (type == SOCK_STREAM && ::listen(fd.get(), kBacklog) != 0) return last_error("listen", "dns");
  return fd;
}

class Server final : public DnsServer, public DnsExchangeOwner, public TurnEnd {
 public:
  Server(EventLoop &loop, DnsZone &zone) : loop_(loop), zone_(zone) { loop_.add(*this); }
  ~Server() override {
    for (auto &port : ports_) loop_.forget(*port, port->socket.get());
    exchanges_.clear();
    loop_.remove(*this);
  }

  Status open(std::vector<DnsSockets> sockets) {
    for (auto &pair : sockets) {
      for (unique_fd *socket : {&pair.udp, &pair.tcp}) {
        auto &port = ports_.emplace_back(std::make_unique<Port>(*this, std::move(*socket), socket == &pair.tcp));
        if (!loop_.watch(*port, port->socket.get(), EPOLLIN)) return last_error("epoll_ctl", "dns");
      }
    }
    return {};
  }

  // Finished exchanges, when nobody is served any more.
  bool turn_end() override {
    std::erase_if(exchanges_, [](const auto &exchange) { return exchange->finished(); });
    return false;
  }

  const std::vector<IpAddress> &resolvers(const IpAddress &client) override { return zone_.resolvers(client); }
  std::vector<uint8_t> answer(const IpAddress &client, const DnsQuery &query) override {
    return answer_from_zone(zone_, client, query);
  }

 private:
  // A socket that containers send to.
  struct Port final : public Watch {
    Port(Server &owner, unique_fd fd, bool listens) : server(owner), socket(std::move(fd)), is_listener(listens) {}
    void ready(uint32_t) override { is_listener ? server.accept(*this) : server.receive(*this); }

    Server &server;
    unique_fd socket;
    bool is_listener;
  };

  bool has_room(const IpAddress &client) const {
    const auto of_client =
        std::count_if(exchanges_.begin(), exchanges_.end(), [&](const auto &one) { return one->client() == client; });
    return exchanges_.size() < kMaxExchanges && static_cast<size_t>(of_client) < kMaxExchangesOfOne;
  }

  void receive(Port &port) {
    constexpr int kBatch = 16;
    for (int turn = 0; turn < kBatch; ++turn) {
      uint8_t buffer[kMaxQuery];
      SocketAddress from;
      from.length = sizeof from.v6;
      const ssize_t size = ::recvfrom(port.socket.get(), buffer, sizeof buffer, 0, &from.any, &from.length);
      if (size < 0) return;
      const DnsBytes message(buffer, static_cast<size_t>(size));
      const auto query = parse_dns_query(message);
      if (!query) continue;
      auto bytes = answer(from.address(), *query);
      if (bytes.empty() && !has_room(from.address())) bytes = make_dns_answer(*query, DnsCode::failure);
      if (bytes.empty()) {
        exchanges_.push_back(relay_datagram(loop_, *this, {port.socket.get(), from}, message));
      } else {
        // A container whose queue is full asks again.
        (void)::sendto(port.socket.get(), bytes.data(), bytes.size(), 0, &from.any, from.length);
      }
    }
  }

  void accept(Port &port) {
    SocketAddress from;
    from.length = sizeof from.v6;
    unique_fd connection(::accept4(port.socket.get(), &from.any, &from.length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    // Beyond the bounds it is closed at once.
    if (!connection || !has_room(from.address())) return;
    exchanges_.push_back(serve_connection(loop_, *this, std::move(connection), from.address()));
  }

  EventLoop &loop_;
  DnsZone &zone_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<DnsExchange>> exchanges_;
};

}  // namespace

Result<DnsSockets> open_dns_sockets(const IpAddress &address) {
  auto udp = open_socket(address, SOCK_DGRAM);
  if (!udp) return udp.error();
  auto tcp = open_socket(address, SOCK_STREAM);
  if (!tcp) return tcp.error();
  return DnsSockets{udp.take(), tcp.take()};
}

std::vector<uint8_t> answer_from_zone(DnsZone &zone, const IpAddress &client, const DnsQuery &query) {
  if (!query.internet) return {};
  std::vector<IpAddress> addresses;
  if (zone.find_name(client, query.name, addresses)) return make_dns_answer(query, DnsCode::ok, addresses);
  const auto reverse = query.type == DnsType::ptr ? parse_reverse_name(query.name) : std::nullopt;
  if (!reverse || !zone.owns(client, *reverse)) return {};
  const std::string name = zone.find_address(client, *reverse);
  return make_dns_answer(query, name.empty() ? DnsCode::no_name : DnsCode::ok, {}, name);
}

Result<std::unique_ptr<DnsServer>> DnsServer::create(EventLoop &loop, DnsZone &zone, std::vector<DnsSockets> sockets) {
  auto server = std::make_unique<Server>(loop, zone);
  if (auto opened = server->open(std::move(sockets)); !opened) return opened.error();
  return std::unique_ptr<DnsServer>(std::move(server));
}

}  // namespace sampan::net
