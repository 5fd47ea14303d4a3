// SPDX-License-Identifier: Apache-2.0
// A bad link between a tun and a stack: loses, duplicates, delays and reorders frames, the same ones in every run.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>

#include "addon/net/event_loop.h"
#include "addon/sys/unique_fd.h"

namespace sampan::test {

struct Impairment {
  unsigned loss = 0;  // percent of the frames
  unsigned duplicate = 0;
  unsigned reorder = 0;  // overtaken by those of the next delay_ms
  unsigned delay_ms = 2;
};

class ImpairedLink {
 public:
  ImpairedLink(net::EventLoop &loop, unique_fd tun, const Impairment &impairment);
  ~ImpairedLink();
  // The stack's end, in the tun's place.
  unique_fd take_end() { return std::move(theirs_); }
  uint64_t lost() const { return lost_; }
  // From the next frame on.
  void impair(const Impairment &impairment) { impairment_ = impairment; }

 private:
  class Side final : public net::Timer, public Watch {
   public:
    void ready(uint32_t) override { owner->pass(*this); }
    void expired() override { owner->release(*this); }
    ImpairedLink *owner = nullptr;
    int from = -1;
    int to = -1;
    std::deque<std::string> held;
  };

  void pass(Side &side);
  void release(Side &side);
  unsigned percent();

  net::EventLoop &loop_;
  unique_fd tun_;
  unique_fd ours_;
  unique_fd theirs_;
  Impairment impairment_;
  std::array<Side, 2> sides_;
  uint64_t random_ = 1;
  uint64_t lost_ = 0;
};

}  // namespace sampan::test
