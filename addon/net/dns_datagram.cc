// SPDX-License-Identifier: Apache-2.0
// A query that came as a datagram: to one resolver after the other until one answers.
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>

#include "addon/net/bytes.h"
#include "addon/net/dns_exchange.h"

namespace sampan::net {

namespace {

constexpr uint64_t kPatienceMs = 3000;
constexpr size_t kMostTries = 4;

class Datagram final : public DnsExchange, public Watch, public Timer {
 public:
  Datagram(EventLoop &loop, DnsExchangeOwner &owner, const DnsClient &asker, DnsBytes message)
      : loop_(loop),
        owner_(owner),
        asker_(asker),
        source_(asker.address.address()),
        message_(message.begin(), message.end()),
        original_id_(load16(message.data())) {
    ask_next();
  }
  ~Datagram() override { close(); }

  bool finished() const override { return finished_; }
  const IpAddress &client() const override { return source_; }
  void abandon() override { fail(); }

  // The resolver has answered, or its host has said that nobody listens.
  void ready(uint32_t) override {
    std::vector<uint8_t> answer(kMaxDnsMessage);
    const ssize_t size = ::recv(socket_.get(), answer.data(), answer.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) return ask_next();
    answer.resize(static_cast<size_t>(size));
    const auto query = parse_dns_query(message_);
    // Somebody else's answer to something else: the right one may still come.
    if (!query || !answers_dns_query(answer, *query, query->id)) return;
    store16(answer.data(), original_id_);
    finish(answer);
  }

  void expired() override { ask_next(); }

 private:
  void ask_next() {
    close();
    const auto &resolvers = owner_.resolvers(source_);
    while (tries_ < std::max(resolvers.size(), size_t{2}) && tries_ < kMostTries && !resolvers.empty()) {
      const IpAddress &resolver = resolvers[tries_++ % resolvers.size()];
      socket_ = connect_to_resolver(resolver, SOCK_DGRAM);
      if (!socket_) continue;
      store16(message_.data(), random_dns_id());
      if (::send(socket_.get(), message_.data(), message_.size(), 0) < 0) continue;
      if (!loop_.watch(*this, socket_.get(), EPOLLIN)) continue;
      loop_.arm(*this, kPatienceMs);
      return;
    }
    fail();
  }

  void fail() {
    store16(message_.data(), original_id_);
    const auto query = parse_dns_query(message_);
    if (query) return finish(make_dns_answer(*query, DnsCode::failure));
    close();
    finished_ = true;
  }

  void finish(const std::vector<uint8_t> &answer) {
    close();
    (void)::sendto(asker_.socket, answer.data(), answer.size(), 0, &asker_.address.any, asker_.address.length);
    finished_ = true;
  }

  void close() {
    loop_.disarm(*this);
    if (socket_) loop_.forget(*this, socket_.get());
    socket_.reset();
  }

  EventLoop &loop_;
  DnsExchangeOwner &owner_;
  DnsClient asker_;
  IpAddress source_;
  std::vector<uint8_t> message_;
  uint16_t original_id_;
  size_t tries_ = 0;
  unique_fd socket_;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<DnsExchange> relay_datagram(EventLoop &loop, DnsExchangeOwner &owner, const DnsClient &client,
                                            DnsBytes message) {
  return std::make_unique<Datagram>(loop, owner, client, message);
}

// connect(2) on a datagram socket: only this server's packets come in, and its ICMP errors.
unique_fd connect_to_resolver(const IpAddress &resolver, int type) {
  const SocketAddress address(resolver, kDnsPort);
  unique_fd fd(::socket(address.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd && ::connect(fd.get(), &address.any, address.length) != 0 && errno != EINPROGRESS) fd.reset();
  return fd;
}

uint16_t random_dns_id() {
  uint16_t id = 0;
  // getrandom(2) of so few bytes cannot fail once the kernel's generator is seeded, which it is long before us.
  (void)!::getrandom(&id, sizeof id, 0);
  return id;
}

}  // namespace sampan::net
