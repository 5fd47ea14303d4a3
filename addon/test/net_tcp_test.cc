// SPDX-License-Identifier: Apache-2.0
// TCP translation, segment by segment: opening and ending.
#include <fcntl.h>
#include <sys/socket.h>

#include "addon/net/tcp_options.h"
#include "addon/test/container_peer.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

using net::kTcpAck;
using net::kTcpFin;
using net::kTcpPsh;
using net::kTcpRst;
using net::kTcpSyn;

uint8_t flags_of(const std::unique_ptr<Received> &frame) { return frame == nullptr ? 0 : frame->segment.flags; }

TEST("a SYN to a listening server is answered with SYN-ACK and options") {
  with_server([] {
    World world;
    Server server;
    RawTcp tcp(world, server.port);
    tcp.send_syn();
    const auto answer = tcp.receive();
    CHECK_EQ(flags_of(answer), kTcpSyn | kTcpAck);
    CHECK_EQ(answer->segment.ack, tcp.seq + 1);
    CHECK_EQ(answer->segment.mss, 1460);
    CHECK_EQ(answer->segment.window_scale, 8);
    CHECK(answer->segment.sack_permitted);
  });
}

TEST("a SYN without options gets none but the MSS") {
  with_server([] {
    World world;
    Server server;
    std::string syn(20, '\0');
    auto *at = reinterpret_cast<uint8_t *>(syn.data());
    at[0] = 0x9C;
    at[1] = 0x40;  // port 40000
    at[2] = static_cast<uint8_t>(server.port >> 8);
    at[3] = static_cast<uint8_t>(server.port);
    at[12] = 0x50;
    at[13] = kTcpSyn;
    world.send(IPPROTO_TCP, kContainerAddress, kServerAddress, syn);
    const auto answer = world.receive();
    CHECK(answer != nullptr && answer->segment.mss == 1460);
    CHECK_EQ(answer->segment.window_scale, net::TcpSegment::kNoScale);
    CHECK(!answer->segment.sack_permitted);
  });
}

TEST("a refused connection is refused with a reset") {
  with_server([] {
    World world;
    RawTcp tcp(world, 9);
    tcp.send_syn();
    const auto answer = tcp.receive();
    CHECK_EQ(flags_of(answer), kTcpRst | kTcpAck);
    CHECK_EQ(answer->segment.ack, tcp.seq + 1);
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
  });
}

TEST("a destination without a route is answered with ICMP network unreachable") {
  with_server([] {
    World world;
    RawTcp tcp(world, 80, kUnroutedAddress);
    tcp.send_syn();
    const auto answer = world.receive();
    CHECK(answer != nullptr && answer->packet.protocol == IPPROTO_ICMP);
    CHECK_EQ(answer->packet.transport[0], 3);
    CHECK_EQ(answer->packet.transport[1], 0);
    // The quoted SYN names the connection.
    CHECK_EQ(answer->packet.transport[8 + 20 + 1], tcp.port_here & 0xFF);
    CHECK(net::has_valid_checksum(answer->packet));
  });
}

TEST("a server that says nothing gets no answer invented for it") {
  with_server([] {
    World world;
    const Server full(kServerAddress, 0);
    // The backlog of a listener that does not accept: one, and then silence.
    unique_fd fillers[4];
    net::SocketAddress address(ip(kServerAddress), full.port);
    for (unique_fd &filler : fillers) {
      filler.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)::connect(filler.get(), &address.any, address.length);
    }
    RawTcp tcp(world, full.port);
    tcp.send_syn();
    CHECK(tcp.receive(200) == nullptr);
    tcp.send_syn();
    CHECK(tcp.receive(100) == nullptr);
    CHECK_EQ(world.stack->counters().tcp_connections, 1);
  });
}

TEST("a SYN-ACK that got lost is sent again when the SYN is repeated, and by itself") {
  with_server([] {
    World world;
    Server server;
    RawTcp tcp(world, server.port);
    tcp.send_syn();
    const auto first = tcp.receive();
    tcp.send_syn();
    const auto second = tcp.receive();
    CHECK_EQ(flags_of(second), kTcpSyn | kTcpAck);
    CHECK_EQ(second->segment.seq, first->segment.seq);
    const auto third = tcp.receive(1500);
    CHECK_EQ(flags_of(third), kTcpSyn | kTcpAck);
    CHECK_EQ(third->segment.seq, first->segment.seq);
  });
}

TEST("while the host is being connected to, a SYN takes another one's place with all that it says") {
  with_server([] {
    World world;
    Server server;
    RawTcp tcp(world, server.port);
    tcp.send_syn();
    tcp.seq = 5'000'000;
    tcp.mss = 536;
    tcp.scale = net::TcpSegment::kNoScale;
    tcp.sack = false;
    tcp.window = 2000;
    tcp.send_syn();
    const auto answer = tcp.receive();
    CHECK(answer != nullptr && answer->segment.ack == tcp.seq + 1);
    CHECK_EQ(answer->segment.window_scale, net::TcpSegment::kNoScale);
    CHECK(!answer->segment.sack_permitted);
    ++tcp.seq;
    tcp.ack = answer->segment.seq + 1;
    tcp.send(kTcpAck);
    const unique_fd host = server.accept(world);
    CHECK_EQ(::send(host.get(), std::string(8000, 'x').data(), 8000, 0), 8000);
    const auto frame = tcp.receive();
    CHECK(frame != nullptr && frame->segment.payload.size() == 2000);
    CHECK_EQ(frame->header.gso_size, 536);
  });
}

// RFC 6298 3: an answer to what was sent twice says nothing about the time between.
TEST("no round trip is measured across a repeated SYN-ACK") {
  with_server([] {
    World world;
    Server server;
    RawTcp tcp(world, server.port);
    tcp.send_syn();
    CHECK(tcp.receive() != nullptr);
    world.turn_for(700);
    CHECK(tcp.connect());
    const unique_fd host = server.accept(world);
    CHECK_EQ(::send(host.get(), "answer", 6, 0), 6);
    CHECK(tcp.receive() != nullptr);
    const auto again = tcp.receive(600);
    CHECK(again != nullptr && again->payload() == "answer");
  });
}

TEST("a wrong acknowledgement of the SYN-ACK is reset, and the right one still opens") {
  with_server([] {
    World world;
    Server server;
    RawTcp tcp(world, server.port);
    tcp.send_syn();
    const auto answer = tcp.receive();
    ++tcp.seq;
    tcp.ack = answer->segment.seq + 5;
    tcp.send(kTcpAck);
    const auto reset = tcp.receive();
    CHECK_EQ(flags_of(reset), kTcpRst);
    CHECK_EQ(reset->segment.seq, tcp.ack);
    tcp.ack = answer->segment.seq + 1;
    tcp.write("hello");
    const unique_fd host = server.accept(world);
    CHECK_EQ(read_host(world, host, 5), std::string("hello"));
  });
}

TEST("segments of no connection are reset, resets are not") {
  with_server([] {
    World world;
    RawTcp tcp(world, 80);
    tcp.ack = 77;
    tcp.send(kTcpAck, "x");
    const auto answer = tcp.receive();
    CHECK_EQ(flags_of(answer), kTcpRst);
    CHECK_EQ(answer->segment.seq, 77);
    tcp.send(kTcpFin);
    const auto second = tcp.receive();
    CHECK_EQ(flags_of(second), kTcpRst | kTcpAck);
    CHECK_EQ(second->segment.ack, tcp.seq + 1);
    tcp.send(kTcpRst);
    CHECK(world.nothing_comes());
  });
}

TEST("initial sequence numbers of one connection grow from one life to the next") {
  with_server([] {
    World world;
    Server server;
    RawTcp tcp(world, server.port);
    CHECK(tcp.connect());
    const uint32_t first = tcp.ack;
    tcp.send(kTcpRst);
    world.turn_for(5);
    tcp.seq = 5'000'000;
    CHECK(tcp.connect());
    CHECK(net::seq_before(first, tcp.ack));
    CHECK(tcp.ack - first < 1U << 30);
  });
}

TEST("a reset by the container resets the host, while connecting, accepting and open") {
  with_server([] {
    World world;
    {
      Server server;
      RawTcp tcp(world, server.port);
      tcp.send_syn();
      CHECK(tcp.receive() != nullptr);
      ++tcp.seq;
      tcp.send(kTcpRst);
      const unique_fd host = server.accept(world);
      world.turn_for(5);
      CHECK_EQ(host_state(host), -ECONNRESET);
    }
    {
      OpenTcp open(world);
      open.tcp.send(kTcpRst);
      world.turn_for(5);
      CHECK_EQ(host_state(open.host), -ECONNRESET);
    }
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
  });
}

TEST("a reset inside the window is challenged, one outside is ignored") {
  with_server([] {
    World world;
    OpenTcp open(world);
    open.tcp.send(kTcpRst, {}, 10);
    const auto challenge = open.tcp.receive();
    CHECK_EQ(flags_of(challenge), kTcpAck);
    CHECK_EQ(challenge->segment.ack, open.tcp.seq);
    open.tcp.send(kTcpRst, {}, 1U << 30);
    CHECK(world.nothing_comes());
    open.tcp.write("still here");
    CHECK_EQ(read_host(world, open.host, 10), std::string("still here"));
  });
}

TEST("a SYN on an open connection is challenged") {
  with_server([] {
    World world;
    OpenTcp open(world);
    open.tcp.send(kTcpSyn, {}, 100000);
    const auto challenge = open.tcp.receive();
    CHECK_EQ(flags_of(challenge), kTcpAck);
    CHECK_EQ(host_state(open.host), -1);
  });
}

TEST("a reset by the host resets the container") {
  with_server([] {
    World world;
    OpenTcp open(world);
    net::reset_on_close(open.host.get());
    open.host.reset();
    const auto reset = open.tcp.receive();
    CHECK_EQ(flags_of(reset), kTcpRst | kTcpAck);
    CHECK_EQ(reset->segment.seq, open.tcp.ack);
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
  });
}

TEST("the container's end reaches the host, and the host may go on sending") {
  with_server([] {
    World world;
    OpenTcp open(world);
    open.tcp.send(kTcpAck | kTcpFin, "last");
    open.tcp.seq += 5;
    CHECK_EQ(read_host(world, open.host, 100), std::string("last"));
    CHECK_EQ(host_state(open.host), 0);
    CHECK_EQ(::send(open.host.get(), "more", 4, 0), 4);
    CHECK_EQ(open.tcp.read(4), std::string("more"));
    open.host.reset();
    const auto fin = open.tcp.receive();
    CHECK_EQ(flags_of(fin), kTcpAck | kTcpFin);
    ++open.tcp.ack;
    open.tcp.send(kTcpAck);
    world.turn_for(5);
    CHECK(world.nothing_comes());
  });
}

TEST("the host's end reaches the container, which may go on sending") {
  with_server([] {
    World world;
    OpenTcp open(world);
    CHECK_EQ(::send(open.host.get(), "bye", 3, 0), 3);
    ::shutdown(open.host.get(), SHUT_WR);
    CHECK_EQ(open.tcp.read(3), std::string("bye"));
    auto fin = open.tcp.receive();
    while (fin != nullptr && (fin->segment.flags & kTcpFin) == 0) fin = open.tcp.receive();
    CHECK(fin != nullptr);
    ++open.tcp.ack;
    open.tcp.send(kTcpAck);
    open.tcp.write("but wait");
    CHECK_EQ(read_host(world, open.host, 8), std::string("but wait"));
    open.tcp.send(kTcpAck | kTcpFin);
    const auto last = open.tcp.receive();
    CHECK(last != nullptr);
    world.turn_for(5);
    CHECK_EQ(host_state(open.host), 0);
  });
}

TEST("a reset by the host behind its end resets the container, once that has what came before") {
  with_server([] {
    World world;
    OpenTcp open(world);
    CHECK_EQ(::send(open.host.get(), "bye", 3, 0), 3);
    ::shutdown(open.host.get(), SHUT_WR);
    auto frame = open.tcp.receive();
    while (frame != nullptr && (frame->segment.flags & kTcpFin) == 0) frame = open.tcp.receive();
    CHECK(frame != nullptr);
    net::reset_on_close(open.host.get());
    open.host.reset();
    world.turn_for(5);
    CHECK(frame != nullptr && !frame->segment.has(kTcpRst));
    open.tcp.ack += 4;
    open.tcp.send(kTcpAck);
    const auto reset = open.tcp.receive();
    CHECK_EQ(flags_of(reset), kTcpRst | kTcpAck);
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
  });
}

TEST("the host's end comes with its last data, also when that has to be sent again") {
  with_server([] {
    World world;
    OpenTcp open(world);
    CHECK_EQ(::send(open.host.get(), "bye", 3, 0), 3);
    ::shutdown(open.host.get(), SHUT_WR);
    const auto first = open.tcp.receive();
    CHECK_EQ(flags_of(first), kTcpAck | kTcpPsh | kTcpFin);
    CHECK_EQ(first->segment.payload.size(), 3);
    const auto second = open.tcp.receive(1000);
    CHECK_EQ(flags_of(second), kTcpAck | kTcpPsh | kTcpFin);
    CHECK_EQ(second->segment.seq, first->segment.seq);
  });
}

TEST("a container that goes right after both ends leaves the host what it had sent") {
  with_server([] {
    World world;
    OpenTcp open(world);
    ::shutdown(open.host.get(), SHUT_WR);
    CHECK_EQ(flags_of(open.tcp.receive()), kTcpAck | kTcpFin);
    ++open.tcp.ack;
    open.tcp.send(kTcpAck | kTcpFin, "last");
    world.loop.turn();
    world.stack->forget_source(ip(kContainerAddress));
    CHECK_EQ(read_host(world, open.host, 4), std::string("last"));
    CHECK_EQ(host_state(open.host), 0);
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
  });
}

TEST("both may end at once") {
  with_server([] {
    World world;
    OpenTcp open(world);
    open.tcp.send(kTcpAck | kTcpFin);
    ::shutdown(open.host.get(), SHUT_WR);
    uint8_t seen = 0;
    for (int i = 0; i < 4 && (seen & kTcpFin) == 0; ++i) seen |= flags_of(open.tcp.receive());
    CHECK((seen & kTcpFin) != 0);
    ++open.tcp.seq;
    ++open.tcp.ack;
    open.tcp.send(kTcpAck);
    world.turn_for(1200);
    CHECK_EQ(host_state(open.host), 0);
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
  });
}

TEST("a FIN that is repeated is acknowledged again, and a new SYN opens anew") {
  with_server([] {
    World world;
    OpenTcp open(world);
    ::shutdown(open.host.get(), SHUT_WR);
    CHECK_EQ(flags_of(open.tcp.receive()), kTcpAck | kTcpFin);
    ++open.tcp.ack;
    open.tcp.send(kTcpAck | kTcpFin);
    CHECK(open.tcp.receive() != nullptr);
    open.tcp.send(kTcpAck | kTcpFin);
    const auto again = open.tcp.receive();
    CHECK_EQ(flags_of(again), kTcpAck);
    CHECK_EQ(again->segment.ack, open.tcp.seq + 1);
    open.tcp.seq += 100'000;
    CHECK(open.tcp.connect());
  });
}

TEST("our FIN is sent again until it is acknowledged") {
  with_server([] {
    World world;
    OpenTcp open(world);
    ::shutdown(open.host.get(), SHUT_WR);
    const auto first = open.tcp.receive();
    const auto second = open.tcp.receive(1000);
    CHECK_EQ(flags_of(first), kTcpAck | kTcpFin);
    CHECK_EQ(flags_of(second), kTcpAck | kTcpFin);
    CHECK_EQ(second->segment.seq, first->segment.seq);
  });
}

TEST("a keep-alive probe is answered and asks the host too") {
  with_server([] {
    World world;
    OpenTcp open(world);
    open.tcp.send(kTcpAck, {}, static_cast<uint32_t>(-1));
    const auto answer = open.tcp.receive();
    CHECK_EQ(flags_of(answer), kTcpAck);
    CHECK_EQ(answer->segment.ack, open.tcp.seq);
    open.tcp.send(kTcpAck, "x", static_cast<uint32_t>(-1));
    CHECK_EQ(flags_of(open.tcp.receive()), kTcpAck);
    CHECK_EQ(host_state(open.host), -1);
  });
}

TEST("a SYN flood to silent servers is bounded and leaves nothing behind") {
  with_server([] {
    World world({.tcp_half_open_per_source = 20});
    const Server full(kServerAddress, 0);
    unique_fd fillers[4];
    net::SocketAddress address(ip(kServerAddress), full.port);
    for (unique_fd &filler : fillers) {
      filler.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)::connect(filler.get(), &address.any, address.length);
    }
    for (uint16_t i = 0; i < 500; ++i) {
      RawTcp tcp(world, full.port, kServerAddress, static_cast<uint16_t>(20000 + i));
      tcp.send_syn();
    }
    world.turn_for(50);
    CHECK_EQ(world.stack->counters().tcp_connections, 20);
    CHECK_EQ(world.stack->counters().limited, 480);
    world.stack->forget_source(ip(kContainerAddress));
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
    Server server;
    RawTcp tcp(world, server.port);
    CHECK(tcp.connect());
  });
}

TEST("destroying the stack resets the host's connections") {
  with_server([] {
    World world;
    OpenTcp open(world);
    world.stack.reset();
    CHECK_EQ(host_state(open.host), -ECONNRESET);
  });
}

}  // namespace
}  // namespace sampan::test
