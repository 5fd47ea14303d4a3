// SPDX-License-Identifier: Apache-2.0
// When a connection is handed over to the kernel, with what, and what becomes of it when that fails or ends. The
// kernel's socket is one end of another connection here; promotion_kernel_test.cc has the real one.
#include <fcntl.h>
#include <sys/socket.h>

#include <memory>

#include "addon/net/tcp_options.h"
#include "addon/test/container_peer.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

using net::kTcpAck;

constexpr size_t kFrame = 60'000;
constexpr int kFramesForMuch = 18;

class Taker final : public net::HandoverTarget {
 public:
  Result<unique_fd> take(const net::TcpHandover &handover) override {
    ++asked;
    last = handover;
    if (refusal != 0) return Error{refusal, "take"};
    Server there;
    const net::SocketAddress address(ip(kServerAddress), there.port);
    unique_fd inner(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK_EQ(::connect(inner.get(), &address.any, address.length), 0);
    ::fcntl(inner.get(), F_SETFL, O_NONBLOCK);
    net::reset_on_close(inner.get());
    container.reset(::accept4(there.listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return inner;
  }

  int refusal = 0;
  int asked = 0;
  net::TcpHandover last;
  unique_fd container;  // its end, after the hand-over
};

// From the container to the host, who reads all of it: once more on a machine so busy that it was not fast, but not
// past a hand-over, which leaves nobody here to read what is written after it.
void move_much(World &world, OpenTcp &flow) {
  constexpr uint64_t kFastMs = 500;
  constexpr int kMostTries = 20;
  const std::string data(kFrame, 'd');
  const auto handovers = [&] { return world.stack->counters().promoted + world.stack->counters().promotions_failed; };
  const uint64_t before = handovers();
  bool fast = false;
  for (int tries = 0; !fast && tries < kMostTries; ++tries) {
    const uint64_t begin = world.loop.now_ms();
    for (int i = 0; i < kFramesForMuch && handovers() == before; ++i) {
      flow.tcp.write(data);
      CHECK_EQ(read_host(world, flow.host, data.size()).size(), data.size());
    }
    world.turn_for(5);
    fast = handovers() != before || world.loop.now_ms() - begin < kFastMs;
  }
}

void drain(World &world) {
  while (world.receive(20) != nullptr) {
  }
}

TEST("a connection that moves much is handed over with its numbers, and one that moves little is not") {
  with_server([] {
    Taker taker;
    World world(taker);
    OpenTcp flow(world);
    flow.tcp.write("hello");
    CHECK_EQ(read_host(world, flow.host, 5), std::string("hello"));
    CHECK_EQ(taker.asked, 0);
    move_much(world, flow);
    CHECK_EQ(taker.asked, 1);
    CHECK_EQ(taker.last.snd_nxt, flow.tcp.ack);
    CHECK(taker.last.rcv_nxt - 1000 > 1024 * 1024);
    CHECK_EQ(taker.last.mss, flow.tcp.mss);
    CHECK_EQ(taker.last.snd_scale, flow.tcp.scale);
    CHECK_EQ(taker.last.snd_wnd, uint32_t{flow.tcp.window} << flow.tcp.scale);
    CHECK(taker.last.rcv_wnd >= 64 * 1024);
    CHECK_EQ(world.stack->counters().promoted, 1);
  });
}

TEST("after the hand-over data, ends and answers go through the kernel's socket") {
  with_server([] {
    Taker taker;
    World world(taker);
    OpenTcp flow(world);
    move_much(world, flow);
    CHECK_EQ(::send(taker.container.get(), "more", 4, 0), 4);
    CHECK_EQ(read_host(world, flow.host, 4), std::string("more"));
    ::shutdown(taker.container.get(), SHUT_WR);
    world.turn_for(5);
    CHECK_EQ(host_state(flow.host), 0);
    CHECK_EQ(::send(flow.host.get(), "answer", 6, 0), 6);
    CHECK_EQ(read_host(world, taker.container, 6), std::string("answer"));
    CHECK_EQ(host_state(taker.container), -1);
    flow.host.reset();
    world.turn_for(5);
    CHECK_EQ(host_state(taker.container), 0);
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
  });
}

TEST("what is in flight to the container is acknowledged before the hand-over, and nothing is sent meanwhile") {
  with_server([] {
    Taker taker;
    World world(taker);
    OpenTcp flow(world);
    const std::string data(kFrame, 'd');
    for (int i = 0; i < 17; ++i) {
      CHECK_EQ(::send(flow.host.get(), data.data(), data.size(), 0), data.size());
      CHECK_EQ(flow.tcp.read(data.size()).size(), data.size());
    }
    CHECK_EQ(taker.asked, 0);
    CHECK_EQ(::send(flow.host.get(), data.data(), data.size(), 0), data.size());
    auto frame = flow.tcp.receive();
    CHECK(frame != nullptr);
    if (frame == nullptr) return;
    CHECK_EQ(::send(flow.host.get(), "later", 5, 0), 5);
    world.turn_for(20);
    CHECK_EQ(taker.asked, 0);
    flow.tcp.ack += static_cast<uint32_t>(frame->segment.payload.size());
    for (size_t got = frame->segment.payload.size(); got < data.size();) {
      frame = flow.tcp.receive();
      if (frame == nullptr) break;
      got += frame->segment.payload.size();
      flow.tcp.ack += static_cast<uint32_t>(frame->segment.payload.size());
    }
    flow.tcp.send(kTcpAck);
    world.turn_for(20);
    CHECK_EQ(taker.asked, 1);
    CHECK_EQ(taker.last.snd_nxt, flow.tcp.ack);
    CHECK_EQ(read_host(world, taker.container, 5), std::string("later"));
  });
}

TEST("what the host has not taken yet reaches it first") {
  with_server([] {
    Taker taker;
    World world(taker);
    OpenTcp flow(world);
    std::string sent;
    // The host reads nothing: its buffers fill, then ours.
    for (int i = 0; i < 400 && taker.asked == 0; ++i) {
      std::string data(kFrame, static_cast<char>('a' + i % 26));
      const uint32_t before = flow.tcp.seq;
      flow.tcp.write(data);
      world.turn_for(1);
      flow.tcp.seq = before + static_cast<uint32_t>(data.size());
      sent += data;
      drain(world);
    }
    CHECK_EQ(taker.asked, 1);
    // What was not received is the container's to send again, by the kernel's socket.
    sent.resize(taker.last.rcv_nxt - 1001);
    const std::string more = "from the kernel's socket";
    CHECK_EQ(::send(taker.container.get(), more.data(), more.size(), 0), more.size());
    CHECK(read_host(world, flow.host, sent.size() + more.size()) == sent + more);
  });
}

TEST("frames that were on their way are passed back as they came, and are not answered") {
  with_server([] {
    Taker taker;
    World world(taker);
    OpenTcp flow(world);
    move_much(world, flow);
    drain(world);
    flow.tcp.write("straggler");
    const auto back = world.receive(200);
    CHECK(back != nullptr && back->packet.source == ip(kContainerAddress) && back->payload() == "straggler");
    CHECK(world.nothing_comes());
  });
}

TEST("a connection that cannot be handed over stays, and is asked for once") {
  with_server([] {
    Taker taker;
    taker.refusal = EADDRNOTAVAIL;
    World world(taker);
    OpenTcp flow(world);
    move_much(world, flow);
    move_much(world, flow);
    CHECK_EQ(taker.asked, 1);
    CHECK_EQ(world.stack->counters().promotions_failed, 1);
    CHECK_EQ(world.stack->counters().promoted, 0);
    drain(world);
    CHECK_EQ(::send(flow.host.get(), "still", 5, 0), 5);
    CHECK_EQ(flow.tcp.read(5), std::string("still"));
    OpenTcp other(world, 40001);
    move_much(world, other);
    CHECK_EQ(taker.asked, 2);
  });
}

TEST("a kernel that cannot take connections over is asked once") {
  with_server([] {
    Taker taker;
    taker.refusal = EOPNOTSUPP;
    World world(taker);
    OpenTcp flow(world);
    move_much(world, flow);
    OpenTcp other(world, 40001);
    move_much(world, other);
    CHECK_EQ(taker.asked, 1);
    CHECK_EQ(world.stack->counters().promotions_failed, 1);
  });
}

TEST("a hand-over that failed too late resets the host's connection") {
  with_server([] {
    Taker taker;
    taker.refusal = ECONNABORTED;
    World world(taker);
    OpenTcp flow(world);
    move_much(world, flow);
    CHECK_EQ(host_state(flow.host), -ECONNRESET);
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
  });
}

TEST("no more connections are handed over than the limits say") {
  with_server([] {
    Taker taker;
    net::StackLimits few;
    few.tcp_promoted_per_source = 1;
    World world(taker, few);
    OpenTcp one(world);
    move_much(world, one);
    OpenTcp two(world, 40001);
    const unique_fd kept = std::move(taker.container);
    move_much(world, two);
    CHECK_EQ(taker.asked, 1);
    one.host.reset();
    ::shutdown(kept.get(), SHUT_WR);
    world.turn_for(5);
    move_much(world, two);
    CHECK_EQ(taker.asked, 2);
  });
}

TEST("a container that goes takes its handed-over connections along") {
  with_server([] {
    Taker taker;
    World world(taker);
    OpenTcp flow(world);
    move_much(world, flow);
    world.stack->forget_source(ip(kContainerAddress));
    world.turn_for(5);
    CHECK_EQ(host_state(flow.host), -ECONNRESET);
    CHECK_EQ(host_state(taker.container), -ECONNRESET);
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
  });
}

TEST("a reset on either side of a handed-over connection resets the other") {
  with_server([] {
    Taker taker;
    World world(taker);
    OpenTcp flow(world);
    move_much(world, flow);
    net::reset_on_close(flow.host.get());
    flow.host.reset();
    world.turn_for(5);
    CHECK_EQ(host_state(taker.container), -ECONNRESET);
    OpenTcp other(world, 40001);
    move_much(world, other);
    net::reset_on_close(taker.container.get());
    taker.container.reset();
    world.turn_for(5);
    CHECK_EQ(host_state(other.host), -ECONNRESET);
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
  });
}

TEST("a connection that has ended on one side is not handed over") {
  with_server([] {
    Taker taker;
    World world(taker);
    OpenTcp flow(world);
    ::shutdown(flow.host.get(), SHUT_WR);
    world.turn_for(5);
    move_much(world, flow);
    CHECK_EQ(taker.asked, 0);
  });
}

}  // namespace
}  // namespace sampan::test
