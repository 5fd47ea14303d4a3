// SPDX-License-Identifier: Apache-2.0
#include "addon/test/impaired_link.h"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "addon/test/test.h"

namespace sampan::test {

namespace {
constexpr size_t kLongestFrame = 70'000;
constexpr int kFramesPerTurn = 32;
}  // namespace

ImpairedLink::ImpairedLink(net::EventLoop &loop, unique_fd tun, const Impairment &impairment)
    : loop_(loop), tun_(std::move(tun)), impairment_(impairment) {
  int ends[2];
  CHECK_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const int room = 4 * 1024 * 1024;
  for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  ours_.reset(ends[0]);
  theirs_.reset(ends[1]);
  sides_[0].from = sides_[1].to = tun_.get();
  sides_[0].to = sides_[1].from = ours_.get();
  for (Side &side : sides_) {
    side.owner = this;
    CHECK(loop_.watch(side, side.from, EPOLLIN));
  }
}

ImpairedLink::~ImpairedLink() {
  for (Side &side : sides_) {
    loop_.disarm(side);
    loop_.forget(side, side.from);
  }
}

unsigned ImpairedLink::percent() {
  random_ = random_ * 6364136223846793005U + 1442695040888963407U;
  return static_cast<unsigned>(random_ >> 33) % 100;
}

// What the other side does not take is lost, as on a wire.
void ImpairedLink::pass(Side &side) {
  std::string frame(kLongestFrame, '\0');
  for (int i = 0; i < kFramesPerTurn; ++i) {
    const ssize_t count = ::read(side.from, frame.data(), frame.size());
    if (count <= 0) return;
    const auto size = static_cast<size_t>(count);
    if (percent() < impairment_.loss) {
      ++lost_;
      continue;
    }
    if (percent() < impairment_.reorder) {
      if (!side.armed()) loop_.arm(side, impairment_.delay_ms);
      side.held.push_back(frame.substr(0, size));
      continue;
    }
    (void)!::write(side.to, frame.data(), size);
    if (percent() < impairment_.duplicate) (void)!::write(side.to, frame.data(), size);
  }
}

void ImpairedLink::release(Side &side) {
  for (const std::string &frame : side.held) (void)!::write(side.to, frame.data(), frame.size());
  side.held.clear();
}

}  // namespace sampan::test
