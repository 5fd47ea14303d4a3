// SPDX-License-Identifier: Apache-2.0
#include "addon/net/splice_relay.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <utility>

#include "addon/net/tcp_options.h"

namespace sampan::net {

namespace {

constexpr size_t kChunk = size_t{1} << 20;

bool would_block() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

SpliceRelay::SpliceRelay(RelayOwner &owner, unique_fd client, unique_fd inner)
    : owner_(owner), client_(*this, std::move(client)), inner_(*this, std::move(inner)) {}

bool SpliceRelay::start() { return owner_.loop().watch(inner_, inner_.fd.get(), EPOLLOUT); }

void SpliceRelay::abort() {
  reset_on_close(client_.fd.get());
  reset_on_close(inner_.fd.get());
  close();
}

void SpliceRelay::serve(Side &side, uint32_t events) {
  if (connecting_) {
    // A container that refuses, or is not there, is a reset for the client, whose connection stands already.
    if (!is_connected()) return abort();
    connecting_ = false;
  } else if (!transfer(side, events)) {
    return abort();
  }
  if (inward_.passed_on && outward_.passed_on) return close();
  if (!watch_both()) abort();
}

bool SpliceRelay::transfer(Side &side, uint32_t events) {
  if ((events & EPOLLERR) != 0) return false;
  const bool is_client = &side == &client_;
  Direction &in = is_client ? inward_ : outward_;
  Direction &out = is_client ? outward_ : inward_;
  Side &other = is_client ? inner_ : client_;
  if ((events & (EPOLLIN | EPOLLHUP)) != 0 && !pump(in, side, other)) return false;
  return (events & EPOLLOUT) == 0 || pump(out, other, side);
}

bool SpliceRelay::is_connected() const {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(inner_.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

bool SpliceRelay::pump(Direction &direction, Side &from, Side &to) {
  if (direction.held == 0 && !direction.ended && !fill(direction, from)) return false;
  if (direction.held > 0 && !drain(direction, to)) return false;
  if (direction.held > 0 || !direction.ended || direction.passed_on) return true;
  direction.passed_on = true;
  return ::shutdown(to.fd.get(), SHUT_WR) == 0 || errno == ENOTCONN;
}

bool SpliceRelay::fill(Direction &direction, const Side &from) {
  auto pipe = owner_.pipes().take();
  // No descriptor is left: this connection has to go, rather than wait for what may never come.
  if (!pipe) return false;
  direction.pipe = pipe.take();
  const ssize_t size =
      ::splice(from.fd.get(), nullptr, direction.pipe.in.get(), nullptr, kChunk, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (size > 0) {
    direction.held = static_cast<size_t>(size);
    return true;
  }
  const bool is_broken = size < 0 && !would_block();
  direction.ended = size == 0;
  owner_.pipes().give(std::move(direction.pipe));
  return !is_broken;
}

bool SpliceRelay::drain(Direction &direction, const Side &to) {
  const ssize_t size = ::splice(direction.pipe.out.get(), nullptr, to.fd.get(), nullptr, direction.held,
                                SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (size < 0) return would_block();
  direction.held -= static_cast<size_t>(size);
  if (direction.held == 0) owner_.pipes().give(std::move(direction.pipe));
  return true;
}

bool SpliceRelay::watch_both() { return watch(client_, inward_, outward_) && watch(inner_, outward_, inward_); }

// Who wants nothing is not watched at all, because a hang-up would be reported again and again.
bool SpliceRelay::watch(Side &side, const Direction &in, const Direction &out) {
  const uint32_t events = (in.held == 0 && !in.ended ? EPOLLIN : 0U) | (out.held > 0 ? EPOLLOUT : 0U);
  if (events == 0) {
    owner_.loop().forget(side, side.fd.get());
    return true;
  }
  return owner_.loop().watch(side, side.fd.get(), events);
}

void SpliceRelay::close() {
  for (Side *side : {&client_, &inner_}) {
    owner_.loop().forget(*side, side->fd.get());
    side->fd.reset();
  }
  for (Direction *direction : {&inward_, &outward_}) direction->pipe = {};
  owner_.ended(*this);
}

}  // namespace sampan::net
