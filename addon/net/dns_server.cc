// SPDX-License-Identifier: Apache-2.0
#include "addon/net/dns_server.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "addon/net/bytes.h"
#include "addon/net/dns_budget.h"
#include "addon/net/dns_exchange.h"
#include "addon/net/random_key.h"

namespace sampan::net {

namespace {

constexpr int kBacklog = 64;
constexpr size_t kMaxQuery = 4096;  // no query is longer than its name and some options
constexpr size_t kMaxExchanges = 512;
constexpr size_t kMaxExchangesOfOne = 128;
constexpr uint32_t kQueues = 8;
constexpr uint64_t kPauseMs = 100;

// socket(7), SO_ATTACH_REUSEPORT_CBPF (Linux 4.5): the socket's number is the end of the sender's address.
Status spread_by_sender(const unique_fd &first, bool is_v4) {
  constexpr int kEndOfV4Source = 12;
  constexpr int kEndOfV6Source = 20;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
               static_cast<uint32_t>(SKF_NET_OFF + (is_v4 ? kEndOfV4Source : kEndOfV6Source))),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, kQueues),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  const struct sock_fprog program = {std::size(code), code};
  if (::setsockopt(first.get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) != 0) {
    return last_error("setsockopt", "dns");
  }
  return {};
}

Result<unique_fd> open_socket(const IpAddress &address, int type) {
  const SocketAddress local(address, kDnsPort);
  unique_fd fd(::socket(local.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return last_error("socket", "dns");
  const int on = 1;
  if (type == SOCK_DGRAM && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return last_error("setsockopt", "dns");
  }
  // An earlier process may have left connections in TIME_WAIT.
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), &local.any, local.length) != 0) return last_error("bind", "dns");
  if (type == SOCK_STREAM && ::listen(fd.get(), kBacklog) != 0) return last_error("listen", "dns");
  return fd;
}

class Server final : public DnsServer, public DnsExchangeOwner, public TurnEnd {
 public:
  Server(EventLoop &loop, DnsZone &zone, const SipKey &key) : loop_(loop), zone_(zone), budget_(key) {
    loop_.add(*this);
  }
  ~Server() override {
    for (auto &port : ports_) {
      loop_.disarm(*port);
      loop_.forget(*port, port->socket.get());
    }
    exchanges_.clear();
    loop_.remove(*this);
  }

  Status open(DnsSockets sockets) {
    for (unique_fd &socket : sockets.udp) ports_.push_back(std::make_unique<Port>(*this, std::move(socket), false));
    if (sockets.tcp) ports_.push_back(std::make_unique<Port>(*this, std::move(sockets.tcp), true));
    for (auto &port : ports_) {
      if (!loop_.watch(*port, port->socket.get(), EPOLLIN)) return last_error("epoll_ctl", "dns");
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
  struct Port final : public Watch, public Timer {
    Port(Server &owner, unique_fd fd, bool listens) : server(owner), socket(std::move(fd)), is_listener(listens) {}
    void ready(uint32_t) override { is_listener ? server.accept(*this) : server.receive(*this); }
    void expired() override {
      if (!server.loop_.watch(*this, socket.get(), EPOLLIN)) server.loop_.arm(*this, kPauseMs);
    }

    Server &server;
    unique_fd socket;
    bool is_listener;
  };

  // Under way.
  size_t count_of(const IpAddress &client) const {
    return static_cast<size_t>(std::count_if(exchanges_.begin(), exchanges_.end(), [&](const auto &one) {
      return !one->finished() && one->client() == client;
    }));
  }

  bool make_room(const IpAddress &client) {
    const size_t own = count_of(client);
    if (own >= kMaxExchangesOfOne) return false;
    const auto under_way =
        std::count_if(exchanges_.begin(), exchanges_.end(), [](const auto &one) { return !one->finished(); });
    if (static_cast<size_t>(under_way) < kMaxExchanges) return true;
    DnsExchange *victim = nullptr;
    size_t most = own + 1;
    // The oldest of each come first.
    for (const auto &exchange : exchanges_) {
      if (exchange->finished() || (victim != nullptr && exchange->client() == victim->client())) continue;
      const size_t count = count_of(exchange->client());
      if (count <= most) continue;
      victim = exchange.get();
      most = count;
    }
    if (victim == nullptr) return false;
    victim->abandon();
    return true;
  }

  void receive(Port &port) {
    constexpr int kBatch = 16;
    constexpr int kMostUnheard = 512;
    int unheard = 0;
    for (int heard = 0; heard < kBatch && unheard < kMostUnheard;) {
      uint8_t buffer[kMaxQuery];
      SocketAddress from;
      from.length = sizeof from.v6;
      const ssize_t size = ::recvfrom(port.socket.get(), buffer, sizeof buffer, 0, &from.any, &from.length);
      if (size < 0) return;
      if (!budget_.take(from.address(), loop_.now_ms())) {
        ++unheard;
        continue;
      }
      ++heard;
      const DnsBytes message(buffer, static_cast<size_t>(size));
      const auto query = parse_dns_query(message);
      if (!query) continue;
      auto bytes = answer(from.address(), *query);
      if (bytes.empty() && !make_room(from.address())) bytes = make_dns_answer(*query, DnsCode::failure);
      if (bytes.empty()) {
        exchanges_.push_back(relay_datagram(loop_, *this, {port.socket.get(), from}, message));
      } else {
        fit_dns_datagram(bytes, *query);
        // A container whose queue is full asks again.
        (void)::sendto(port.socket.get(), bytes.data(), bytes.size(), 0, &from.any, from.length);
      }
    }
  }

  void accept(Port &port) {
    SocketAddress from;
    from.length = sizeof from.v6;
    unique_fd connection(::accept4(port.socket.get(), &from.any, &from.length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) return pause(port);
    // Beyond the bounds it is closed at once.
    if (!connection || !make_room(from.address())) return;
    exchanges_.push_back(serve_connection(loop_, *this, std::move(connection), from.address()));
  }

  // Descriptors or memory are short, and the listener would be ready again at once.
  void pause(Port &port) {
    loop_.forget(port, port.socket.get());
    loop_.arm(port, kPauseMs);
  }

  EventLoop &loop_;
  DnsZone &zone_;
  DnsBudget budget_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<DnsExchange>> exchanges_;
};

}  // namespace

Result<DnsSockets> open_dns_sockets(const IpAddress &address) {
  DnsSockets sockets;
  while (sockets.udp.size() < kQueues) {
    auto udp = open_socket(address, SOCK_DGRAM);
    if (!udp) return udp.error();
    sockets.udp.push_back(udp.take());
  }
  if (auto spread = spread_by_sender(sockets.udp.front(), address.is_v4()); !spread) return spread.error();
  auto tcp = open_socket(address, SOCK_STREAM);
  if (!tcp) return tcp.error();
  sockets.tcp = tcp.take();
  return sockets;
}

std::vector<uint8_t> answer_from_zone(DnsZone &zone, const IpAddress &client, const DnsQuery &query) {
  if (!query.internet || query.has_odd_label) return {};
  std::vector<IpAddress> addresses;
  if (zone.find_name(client, query.name, addresses)) return make_dns_answer(query, DnsCode::ok, addresses);
  const auto reverse = query.type == DnsType::ptr ? parse_reverse_name(query.name) : std::nullopt;
  if (!reverse || !zone.owns(client, *reverse)) return {};
  const std::string name = zone.find_address(client, *reverse);
  return make_dns_answer(query, name.empty() ? DnsCode::no_name : DnsCode::ok, {}, name);
}

Result<std::unique_ptr<DnsServer>> DnsServer::create(EventLoop &loop, DnsZone &zone, DnsSockets sockets) {
  const auto key = random_key();
  if (!key) return key.error();
  auto server = std::make_unique<Server>(loop, zone, key.value());
  if (auto opened = server->open(std::move(sockets)); !opened) return opened.error();
  return std::unique_ptr<DnsServer>(std::move(server));
}

}  // namespace sampan::net
