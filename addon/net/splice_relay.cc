// SPDX-License-Identifier: Apache-2.0
#include "addon/net/splice_relay.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "addon/net/tcp_options.h"

namespace sampan::net {

namespace {

constexpr size_t kChunk = size_t{1} << 20;
// So that others are served in between.
constexpr size_t kBytesPerTurn = size_t{1} << 20;
// What comes in larger pieces is worth a pipe.
constexpr size_t kMessage = 16384;
// A message after which an answer is likely to come at once.
constexpr size_t kSmall = 4096;

bool would_block() { return errno == EAGAIN; }

// An interrupted call says nothing about the socket, and edges come only once.
template <typename Call>
ssize_t uninterrupted(Call call) {
  ssize_t result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

// #syscalls: splice
ssize_t move_pages(const unique_fd &from, const unique_fd &to, size_t size) {
  return uninterrupted(
      [&] { return ::splice(from.get(), nullptr, to.get(), nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK); });
}

// tcp(7), TCP_NODELAY: the first data goes at once in any case, and many connections have no second.
template <typename Side>
void prepare_send(Side &to) {
  if (to.was_sent_to && !to.sends_at_once) {
    send_at_once(to.fd.get());
    to.sends_at_once = true;
  }
  to.was_sent_to = true;
}

}  // namespace

SpliceRelay::SpliceRelay(RelayOwner &owner, unique_fd client, unique_fd inner)
    : owner_(owner), client_(*this, std::move(client)), inner_(*this, std::move(inner)) {}

bool SpliceRelay::start() { return watch(inner_); }

bool SpliceRelay::join(Pipe pipe, size_t held) {
  connecting_ = false;
  resets_on_close_ = true;
  outward_.pipe = std::move(pipe);
  outward_.held = held;
  // What there is to do already comes as the first edges.
  return watch(inner_) && watch(client_);
}

bool SpliceRelay::watch(Side &side) {
  return owner_.loop().watch(side, side.fd.get(), EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

void SpliceRelay::abort() {
  if (!finished_) {
    reset_on_close(client_.fd.get());
    reset_on_close(inner_.fd.get());
  }
  close();
}

void SpliceRelay::serve(Side &side, uint32_t events) {
  if (finished_) return;
  if (connecting_ && (events & (EPOLLERR | EPOLLHUP)) != 0) return connect_again();
  if ((events & EPOLLERR) != 0) return abort();
  if (connecting_) {
    if ((events & EPOLLOUT) == 0) return;
    if (!watch(client_)) return abort();
    connecting_ = false;
    inward_.readable = true;
    // One of the two begins.
    owner_.loop().expect_answer();
  }
  Direction &in = &side == &client_ ? inward_ : outward_;
  const bool has_come = (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP)) != 0;
  if (has_come) in.readable = true;
  if (!has_come) owner_.loop().keep_expecting();
  if ((events & EPOLLPRI) != 0) in.urgent = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) in.ending = true;
  transfer();
}

// A container that refuses, or is not there, is a reset for the client, whose connection stands already. So is one that
// has accepted and gone: it is not asked twice. #syscalls: getsockopt
void SpliceRelay::connect_again() {
  const int error = pending_error(inner_.fd.get());
  const bool has_stood = error == ECONNRESET || error == EPIPE;
  unique_fd other = connected_again_ || has_stood ? unique_fd() : owner_.another_way(*this);
  if (!other) return abort();
  connected_again_ = true;
  owner_.loop().forget(inner_, inner_.fd.get());
  inner_.fd = std::move(other);
  if (!watch(inner_)) abort();
}

void SpliceRelay::resume() {
  resumed_later_ = false;
  transfer();
}

void SpliceRelay::transfer() {
  if (!pump(inward_, client_, inner_, outward_) || !pump(outward_, inner_, client_, inward_)) return abort();
  if (!inward_.passed_on || !outward_.passed_on) return;
  finished_ = true;
  owner_.finished(*this);
}

bool SpliceRelay::pump(Direction &direction, Side &from, Side &to, const Direction &back) {
  for (size_t moved = 0;;) {
    Step step = Step::blocked;
    if (direction.has_data()) {
      step = drain(direction, to);
    } else if (direction.readable && !direction.ended) {
      if (moved >= kBytesPerTurn) {
        if (!std::exchange(resumed_later_, true)) owner_.unfinished(*this);
        return true;
      }
      step = fill(direction, from, to, &moved);
    }
    if (step == Step::broken) return false;
    if (step == Step::blocked) break;
  }
  return direction.has_data() || !direction.ended || direction.passed_on || pass_on_end(direction, to, back);
}

// #syscalls: shutdown
bool SpliceRelay::pass_on_end(Direction &direction, const Side &to, const Direction &back) const {
  direction.passed_on = true;
  // An end is mostly answered by an end.
  owner_.loop().expect_answer();
  // The last of the two ends is told by closing.
  return back.passed_on || ::shutdown(to.fd.get(), SHUT_WR) == 0 || errno == ENOTCONN;
}

SpliceRelay::Step SpliceRelay::fill(Direction &direction, Side &from, Side &to, size_t *moved) {
  // splice(2) does not get past the mark of urgent data.
  const bool is_worth_it = direction.bulk && !direction.urgent && owner_.pipes().has_large();
  return is_worth_it ? fill_pipe(direction, from, moved) : pass_message(direction, from, to, moved);
}

// #syscalls: recvfrom sendto
SpliceRelay::Step SpliceRelay::pass_message(Direction &direction, Side &from, Side &to, size_t *moved) {
  const std::span<uint8_t> buffer = direction.bulk ? owner_.buffer() : owner_.buffer().first(kMessage);
  const ssize_t count =
      uninterrupted([&] { return ::recv(from.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT); });
  if (count <= 0) {
    if (count < 0 && !would_block()) return Step::broken;
    direction.ended = count == 0;
    direction.readable = false;
    return Step::blocked;
  }
  const auto size = static_cast<size_t>(count);
  *moved += size;
  direction.bulk = size >= kMessage;
  // Less than was asked for: there was no more, and where the kernel had the end before, there will not be.
  if (size < buffer.size() && !direction.urgent) {
    direction.readable = false;
    direction.ended = direction.ending;
  }
  if (size <= kSmall) owner_.loop().expect_answer();
  prepare_send(to);
  // One segment with the end, which follows at once unless it is the last one, which closing tells.
  const bool has_more = direction.ended && !inward_.passed_on && !outward_.passed_on;
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (has_more ? MSG_MORE : 0);
  const ssize_t sent = uninterrupted([&] { return ::send(to.fd.get(), buffer.data(), size, flags); });
  if (sent < 0 && !would_block()) return Step::broken;
  const size_t gone = sent < 0 ? 0 : static_cast<size_t>(sent);
  return gone == size ? Step::done : keep(direction, buffer.subspan(gone, size - gone));
}

// #syscalls: write
SpliceRelay::Step SpliceRelay::keep(Direction &direction, std::span<const uint8_t> rest) {
  auto pipe = owner_.pipes().take();
  // No descriptor is left: this connection has to go, rather than wait for what may never come.
  if (!pipe) return Step::broken;
  direction.pipe = pipe.take();
  const ssize_t written = ::write(direction.pipe.in.get(), rest.data(), rest.size());
  if (written < 0) return Step::broken;
  direction.held = static_cast<size_t>(written);
  // pipe(7), pipe-user-pages-soft: a user with many pipes gets them smaller than a message.
  return direction.held == rest.size() ? Step::done : keep_remainder(direction, rest.subspan(direction.held));
}

SpliceRelay::Step SpliceRelay::keep_remainder(Direction &direction, std::span<const uint8_t> rest) {
  direction.remainder = {std::unique_ptr<uint8_t[]>(new (std::nothrow) uint8_t[rest.size()]), 0, rest.size()};
  if (!direction.remainder.bytes) return Step::broken;
  std::copy(rest.begin(), rest.end(), direction.remainder.bytes.get());
  return Step::done;
}

SpliceRelay::Step SpliceRelay::fill_pipe(Direction &direction, const Side &from, size_t *moved) {
  auto pipe = owner_.pipes().take();
  if (!pipe) return Step::broken;
  direction.pipe = pipe.take();
  const ssize_t size = move_pages(from.fd, direction.pipe.in, kChunk);
  if (size > 0) {
    direction.held = static_cast<size_t>(size);
    *moved += direction.held;
    direction.bulk = direction.held >= kMessage;
    return Step::done;
  }
  const bool is_broken = size < 0 && !would_block();
  direction.ended = size == 0;
  direction.readable = false;
  owner_.pipes().give(std::move(direction.pipe));
  return is_broken ? Step::broken : Step::blocked;
}

// Until all is gone or the socket has said that it takes no more: only then will it say when it does.
SpliceRelay::Step SpliceRelay::drain(Direction &direction, Side &to) {
  prepare_send(to);
  while (direction.held != 0) {
    const ssize_t size = move_pages(direction.pipe.out, to.fd, direction.held);
    if (size < 0) return would_block() ? Step::blocked : Step::broken;
    direction.held -= static_cast<size_t>(size);
  }
  if (direction.pipe.in) owner_.pipes().give(std::move(direction.pipe));
  return direction.remainder.size == 0 ? Step::done : send_remainder(direction.remainder, to);
}

// #syscalls: sendto
SpliceRelay::Step SpliceRelay::send_remainder(Remainder &remainder, const Side &to) {
  while (remainder.size != 0) {
    const ssize_t size = uninterrupted([&] {
      return ::send(to.fd.get(), remainder.bytes.get() + remainder.from, remainder.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    });
    if (size < 0) return would_block() ? Step::blocked : Step::broken;
    remainder.from += static_cast<size_t>(size);
    remainder.size -= static_cast<size_t>(size);
  }
  remainder = {};
  return Step::done;
}

void SpliceRelay::close() {
  if (resets_on_close_ && finished_) reset_on_close(inner_.fd.get(), false);
  finished_ = true;
  for (Side *side : {&client_, &inner_}) {
    owner_.loop().closing(*side);
    side->fd.reset();
  }
  for (Direction *direction : {&inward_, &outward_}) *direction = {};
  owner_.ended(*this);
}

}  // namespace sampan::net
