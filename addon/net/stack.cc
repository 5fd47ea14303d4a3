// SPDX-License-Identifier: Apache-2.0
#include "addon/net/stack.h"

#include <algorithm>
#include <utility>

#include "addon/net/echo.h"
#include "addon/net/random_key.h"
#include "addon/net/reassembly.h"
#include "addon/net/stack_core.h"
#include "addon/net/tcp.h"
#include "addon/net/turn_batch.h"
#include "addon/net/udp.h"

namespace sampan::net {

StackCore::StackCore(SharedResources &shared, StackOptions &options)
    : loop(shared.loop),
      frame_in(shared.frame_in),
      frame_out(shared.frame_out),
      waste(shared.waste),
      spill(shared.spill),
      pipes(shared.pipes),
      handover(options.handover),
      datagrams(shared.datagrams),
      link(std::move(options.tun), options.mtu, counters),
      policy(options.policy),
      limits(options.limits),
      prefix_count(options.prefix_count),
      gateway_v4(options.gateway_v4),
      gateway_v6(options.gateway_v6),
      joiner(options.joiner) {
  std::copy(std::begin(options.prefixes), std::end(options.prefixes), prefixes);
}

namespace {

// Frames of one turn: enough to keep the cost of a turn small, few enough that every socket gets its share.
constexpr int kFramesPerTurn = 64;

class TunStack final : public Stack, Watch, TurnEnd, Timer {
 public:
  TunStack(SharedResources &shared, StackOptions &options, const SipKey &secret)
      : core_(shared, options), tcp_(with_secret(core_, secret)), udp_(core_), echo_(core_) {}
  ~TunStack() override {
    core_.loop.disarm(*this);
    core_.loop.remove(*this);
    core_.loop.forget(*this, core_.link.fd());
  }

  bool start() {
    if (!tcp_.is_open() || !udp_.is_open() || !echo_.is_open() || !reassembler_.is_open()) return false;
    if (!core_.loop.watch(*this, core_.link.fd(), EPOLLIN)) return false;
    core_.loop.add(*this);
    return true;
  }

  void set_policy(const Policy &policy) override { core_.policy = policy; }
  void forget_source(const IpAddress &source) override {
    tcp_.forget_source(source);
    udp_.forget_source(source);
    echo_.forget_source(source);
  }
  StackCounters counters() const override { return core_.counters; }

 private:
  static StackCore &with_secret(StackCore &core, const SipKey &secret) {
    core.secret = secret;
    return core;
  }

  void ready(uint32_t events) override;
  void receive(std::span<const uint8_t> frame);
  void dispatch(Packet &packet);
  void note_use();
  bool turn_end() override;
  bool idle_step() override { return tcp_.idle_step(); }
  void expired() override;

  StackCore core_;
  Tcp tcp_;
  Udp udp_;
  Echo echo_;
  Reassembler reassembler_;
  bool used_ = false;  // since memory was last given back
  TurnBatch batch_{kFramesPerTurn};
};

// Memory is given back when nothing came for so long.
constexpr uint64_t kTrimMs = 2000;

void TunStack::ready(uint32_t) {
  note_use();
  const std::span<uint8_t> buffer(core_.frame_in.payload(), FrameBuffer::kCapacity);
  core_.behind_turn = core_.loop.turn_number();
  const int most = batch_.begin(core_.behind_turn);
  int count = 0;
  while (count < most) {
    const std::span<const uint8_t> frame = core_.link.read(buffer);
    if (frame.empty()) {
      core_.behind_turn = UINT64_MAX;
      break;
    }
    ++count;
    receive(frame);
  }
  batch_.end(count);
  udp_.flush();
}

void TunStack::receive(std::span<const uint8_t> frame) {
  Packet packet;
  const bool valid = parse_frame(frame, packet);
  const auto own = core_.own();
  // A container can send with any source address; only its network's are ours to answer.
  if (!valid || std::ranges::none_of(own, [&](const IpPrefix &prefix) { return prefix.contains(packet.source); })) {
    ++core_.counters.invalid;
    return;
  }
  dispatch(packet);
}

void TunStack::dispatch(Packet &packet) {
  const bool v4 = packet.source.is_v4();
  if (!v4 && packet.is_fragment && packet.protocol == IPPROTO_DSTOPTS) {
    if (!reassembler_.add(packet, core_.loop.now_ms())) return;
    if (!finish_reassembled(packet)) {
      ++core_.counters.invalid;
      return;
    }
  }
  if (packet.protocol == IPPROTO_TCP) return tcp_.receive(packet);
  const bool is_echo = packet.protocol == (v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
  if (packet.protocol != IPPROTO_UDP && !is_echo) {
    // No answer to what was meant for many.
    if (core_.route(packet.destination, 0).verdict != Verdict::dropped)
      core_.send_error({IcmpReason::protocol_unreachable}, packet);
    return;
  }
  if (packet.is_fragment && !reassembler_.add(packet, core_.loop.now_ms())) return;
  return is_echo ? echo_.receive(packet) : udp_.receive(packet);
}

bool TunStack::turn_end() {
  if (!tcp_.has_work() && !udp_.has_work() && !echo_.has_work()) return false;
  note_use();
  udp_.turn_end();
  echo_.turn_end();
  return tcp_.turn_end();
}

void TunStack::note_use() {
  used_ = true;
  if (!armed()) core_.loop.arm(*this, kTrimMs);
}

void TunStack::expired() {
  // In use: look again later.
  if (std::exchange(used_, false)) return core_.loop.arm(*this, kTrimMs);
  tcp_.trim();
  udp_.trim();
  echo_.trim();
  reassembler_.trim(core_.loop.now_ms());
  core_.spill.trim();
  core_.datagrams.trim();
}

}  // namespace

// #syscalls: getrandom mmap madvise
Result<std::unique_ptr<StackResources>> StackResources::create(EventLoop &loop) {
  const auto key = random_key();
  if (!key) return key.error();
  auto resources = std::make_unique<SharedResources>(loop, key.value());
  if (!resources->spill.is_open() || !resources->datagrams.is_open()) return Error{ENOMEM, "mmap"};
  return std::unique_ptr<StackResources>(std::move(resources));
}

// #syscalls: getrandom mmap madvise epoll_ctl
Result<std::unique_ptr<Stack>> Stack::create(StackResources &resources, StackOptions options) {
  const auto secret = random_key();
  if (!secret) return secret.error();
  auto stack = std::make_unique<TunStack>(static_cast<SharedResources &>(resources), options, secret.value());
  if (!stack->start()) return Error{ENOMEM, "mmap"};
  return std::unique_ptr<Stack>(std::move(stack));
}

}  // namespace sampan::net
