// SPDX-License-Identifier: Apache-2.0
#include "addon/net/tcp_listener.h"

#include <sys/socket.h>

#include <utility>

#include "addon/net/tcp_options.h"

namespace sampan::net {

namespace {

// So that other connections are served in between.
constexpr int kAcceptsPerTurn = 16;
constexpr uint64_t kPauseMs = 100;

}  // namespace

TcpListener::TcpListener(PublisherCore &core, const PublishedPort &published, unique_fd socket)
    : PublishedSocket(published),
      core_(core),
      socket_(std::move(socket)),
      target_(published.container, published.container_port),
      batch_(kAcceptsPerTurn) {}

void TcpListener::ready(uint32_t) {
  const int most = batch_.begin(core_.loop().turn_number());
  int taken = 0;
  while (taken < most && accept_one()) ++taken;
  batch_.end(taken);
}

// #syscalls: accept4
bool TcpListener::accept_one() {
  SocketAddress address;
  address.length = sizeof address.v6;
  unique_fd client(::accept4(socket_.get(), &address.any, &address.length, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (client) {
    ++core_.counters.accepted;
    relay(std::move(client), address);
    return true;
  }
  // accept(2): the connection that was waiting is gone, or nobody waits; else descriptors or memory are short, and the
  // listener would be ready again at once.
  if (errno == ECONNABORTED || errno == EINTR) return true;
  if (errno != EAGAIN) pause();
  return false;
}

void TcpListener::relay(unique_fd client, const SocketAddress &address) {
  // Asked first: a socket in the network costs far more than a client that is refused.
  if (!core_.relays.has_room()) return refuse(client);
  auto inner = core_.connect_inner(address, target_, SOCK_STREAM);
  if (!inner) return refuse(client);
  SpliceRelay *made = core_.relays.make(static_cast<RelayOwner &>(*this), std::move(client), inner.take());
  ++core_.counters.connections;
  if (made->start()) return;
  ++core_.counters.failed;
  made->abort();
}

// It must not look like an empty answer.
void TcpListener::refuse(const unique_fd &client) {
  ++core_.counters.failed;
  reset_on_close(client.get());
}

unique_fd TcpListener::another_way(SpliceRelay &) {
  if (port.other_container.is_unspecified()) return {};
  auto inner = core_.connect_from_gateway(SocketAddress(port.other_container, port.container_port), SOCK_STREAM);
  return inner ? inner.take() : unique_fd();
}

void TcpListener::finished(SpliceRelay &relay) { core_.close_later(relay); }

void TcpListener::ended(SpliceRelay &relay) {
  --core_.counters.connections;
  core_.bury(relay);
}

void TcpListener::pause() {
  core_.loop().forget(*this, socket_.get());
  core_.loop().arm(*this, kPauseMs);
}

void TcpListener::expired() {
  if (!start()) core_.loop().arm(*this, kPauseMs);
}

void TcpListener::close() {
  core_.loop().disarm(*this);
  core_.loop().forget(*this, socket_.get());
  socket_.reset();
  core_.relays.for_each([this](SpliceRelay &relay) {
    if (relay.belongs_to(*this) && !relay.is_closed()) relay.abort();
  });
}

}  // namespace sampan::net
