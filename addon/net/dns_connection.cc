// SPDX-License-Identifier: Apache-2.0
// A container's TCP connection: query, answer, query, answer, each with its length before it (RFC 7766).
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "addon/net/bytes.h"
#include "addon/net/dns_exchange.h"

namespace sampan::net {

namespace {

constexpr uint64_t kPatienceMs = 10'000;
constexpr uint64_t kResolverPatienceMs = 3000;
constexpr size_t kPrefix = 2;

// A message with its length, coming in or going out piece by piece.
class Framed {
 public:
  // False when the other side has gone. `whole()` tells whether there is a message.
  bool receive(int socket) {
    for (;;) {
      const size_t wanted = bytes_.size() < kPrefix ? kPrefix : kPrefix + load16(bytes_.data());
      if (bytes_.size() >= kPrefix && bytes_.size() == wanted) return true;
      uint8_t buffer[4096];
      const size_t room = std::min(wanted - bytes_.size(), sizeof buffer);
      const ssize_t size = ::recv(socket, buffer, room, 0);
      if (size < 0) return errno == EAGAIN || errno == EINTR;
      if (size == 0) return false;
      bytes_.insert(bytes_.end(), buffer, buffer + size);
    }
  }
  bool whole() const { return bytes_.size() >= kPrefix && bytes_.size() == kPrefix + load16(bytes_.data()); }
  DnsBytes message() const { return DnsBytes(bytes_).subspan(kPrefix); }

  void fill(DnsBytes message) {
    bytes_.resize(kPrefix);
    store16(bytes_.data(), static_cast<uint32_t>(message.size()));
    bytes_.insert(bytes_.end(), message.begin(), message.end());
    sent_ = 0;
  }
  bool send(int socket) {
    while (sent_ < bytes_.size()) {
      const ssize_t size = ::send(socket, bytes_.data() + sent_, bytes_.size() - sent_, MSG_NOSIGNAL);
      if (size < 0) return errno == EAGAIN || errno == EINTR;
      sent_ += static_cast<size_t>(size);
    }
    return true;
  }
  bool sent() const { return sent_ == bytes_.size(); }
  void clear() {
    bytes_.clear();
    sent_ = 0;
  }

 private:
  std::vector<uint8_t> bytes_;
  size_t sent_ = 0;
};

class Connection final : public DnsExchange, public Watch, public Timer {
 public:
  Connection(EventLoop &loop, DnsExchangeOwner &owner, unique_fd connection, const IpAddress &client)
      : loop_(loop), owner_(owner), source_(client), inner_(std::move(connection)), outer_(*this) {
    loop_.arm(*this, kPatienceMs);
    if (!loop_.watch(*this, inner_.get(), EPOLLIN)) close();
  }
  ~Connection() override { close(); }

  bool finished() const override { return !inner_; }
  const IpAddress &client() const override { return source_; }
  void abandon() override { close(); }

  // The container has sent something, or takes more of an answer.
  void ready(uint32_t) override {
    // While a resolver is asked, only that he has gone.
    if (outer_.socket) return close();
    const bool alive = answering_ ? reply_.send(inner_.get()) : query_.receive(inner_.get());
    if (!alive) return close();
    if (answering_ && reply_.sent()) return listen_again();
    if (!answering_ && query_.whole()) ask();
  }

  void expired() override { outer_.socket ? ask_next() : close(); }

 private:
  // The resolver's end.
  struct Outer final : public Watch {
    explicit Outer(Connection &owner) : connection(owner) {}
    void ready(uint32_t) override { connection.outer_ready(); }
    Connection &connection;
    unique_fd socket;
  };

  void ask() {
    const auto query = parse_dns_query(query_.message());
    if (!query) return close();
    if (const auto own = owner_.answer(source_, *query); !own.empty()) return reply(own);
    tries_ = 0;
    ask_next();
  }

  void ask_next() {
    close_outer();
    const auto &resolvers = owner_.resolvers(source_);
    while (tries_ < resolvers.size()) {
      outer_.socket = connect_to_resolver(resolvers[tries_++], SOCK_STREAM);
      if (!outer_.socket) continue;
      relayed_.fill(query_.message());
      asked_ = false;
      loop_.arm(*this, kResolverPatienceMs);
      // Nothing more of the container until there is an answer.
      if (loop_.watch(outer_, outer_.socket.get(), EPOLLOUT) && loop_.watch(*this, inner_.get(), 0)) return;
      close_outer();
    }
    const auto query = parse_dns_query(query_.message());
    if (!query) return close();
    reply(make_dns_answer(*query, DnsCode::failure));
  }

  void outer_ready() {
    const int socket = outer_.socket.get();
    if (!asked_) {
      if (!relayed_.send(socket)) return ask_next();
      if (!relayed_.sent()) return;
      asked_ = true;
      relayed_.clear();
      if (!loop_.watch(outer_, socket, EPOLLIN)) ask_next();
      return;
    }
    if (!relayed_.receive(socket)) return ask_next();
    if (!relayed_.whole()) return;
    const auto query = parse_dns_query(query_.message());
    if (!query || !answers_dns_query(relayed_.message(), *query, query->id)) return ask_next();
    const std::vector<uint8_t> answer(relayed_.message().begin(), relayed_.message().end());
    close_outer();
    reply(answer);
  }

  void reply(const std::vector<uint8_t> &answer) {
    reply_.fill(answer);
    answering_ = true;
    loop_.arm(*this, kPatienceMs);
    if (!reply_.send(inner_.get())) return close();
    if (reply_.sent()) return listen_again();
    if (!loop_.watch(*this, inner_.get(), EPOLLOUT)) close();
  }

  void listen_again() {
    answering_ = false;
    query_.clear();
    if (!loop_.watch(*this, inner_.get(), EPOLLIN)) close();
  }

  void close_outer() {
    if (outer_.socket) loop_.forget(outer_, outer_.socket.get());
    outer_.socket.reset();
  }

  void close() {
    loop_.disarm(*this);
    close_outer();
    if (inner_) loop_.forget(*this, inner_.get());
    inner_.reset();
  }

  EventLoop &loop_;
  DnsExchangeOwner &owner_;
  IpAddress source_;
  unique_fd inner_;
  Outer outer_;
  Framed query_;
  Framed relayed_;
  Framed reply_;
  bool answering_ = false;
  bool asked_ = false;
  size_t tries_ = 0;
};

}  // namespace

std::unique_ptr<DnsExchange> serve_connection(EventLoop &loop, DnsExchangeOwner &owner, unique_fd connection,
                                              const IpAddress &client) {
  return std::make_unique<Connection>(loop, owner, std::move(connection), client);
}

}  // namespace sampan::net
