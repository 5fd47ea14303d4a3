// SPDX-License-Identifier: Apache-2.0
// TCP translation, segment by segment: data, windows, loss.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "addon/test/container_peer.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

using net::kTcpAck;
using net::kTcpFin;

constexpr net::StackLimits kOldKernel = {.tcp_peek_offset = false};

// Bytes that show where they belong.
std::string pattern(size_t size) {
  std::string data(size, '\0');
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 31 + i / 251);
  return data;
}

void send_all(World &world, const unique_fd &host, std::string_view data) {
  for (int waited = 0; !data.empty() && waited < 1000;) {
    const ssize_t count = ::send(host.get(), data.data(), data.size(), MSG_DONTWAIT);
    if (count > 0) {
      data.remove_prefix(static_cast<size_t>(count));
    } else {
      world.turn_for(1);
      ++waited;
    }
  }
}

TEST("data of the container reaches the host and is acknowledged") {
  with_server([] {
    World world;
    OpenTcp open(world);
    open.tcp.write("hello");
    const auto answer = open.tcp.receive();
    CHECK(answer != nullptr && answer->segment.ack == open.tcp.seq);
    CHECK_EQ(read_host(world, open.host, 5), std::string("hello"));
  });
}

TEST("in a conversation the answer carries the acknowledgement") {
  constexpr int kRounds = 20;
  with_server([] {
    World world;
    OpenTcp open(world);
    int alone = 0;
    for (int round = 0; round < kRounds; ++round) {
      // longer than an acknowledgement is held back, and nothing is served meanwhile
      ::usleep(3000);
      open.tcp.write("question");
      world.loop.turn();
      CHECK_EQ(read_host(world, open.host, 8), std::string("question"));
      send_all(world, open.host, "answer");
      world.loop.turn();
      auto frame = open.tcp.receive();
      if (frame != nullptr && frame->segment.payload.empty()) {
        ++alone;
        frame = open.tcp.receive();
      }
      CHECK(frame != nullptr && frame->payload() == "answer");
      open.tcp.ack += 6;
    }
    // a slow machine may take that long for some of them
    CHECK(alone < kRounds / 2);
  });
}

TEST("a frame of 64 KB crosses in both directions") {
  with_server([] {
    World world;
    OpenTcp open(world);
    const std::string data = pattern(65495);
    open.tcp.write(data);
    CHECK(read_host(world, open.host, data.size()) == data);
    CHECK(open.tcp.receive() != nullptr);
    open.tcp.window = 0xFFFF;
    const std::string back = pattern(200'000);
    send_all(world, open.host, back);
    const auto frame = open.tcp.receive();
    CHECK(frame != nullptr && frame->segment.payload.size() > 60000);
    CHECK_EQ(frame->header.gso_size, 1460);
    CHECK_EQ(frame->header.gso_type, net::VnetHeader::kGsoTcpV4);
    CHECK_EQ(frame->header.checksum_offset, 16);
    open.tcp.ack += static_cast<uint32_t>(frame->segment.payload.size());
    open.tcp.send(kTcpAck);
    const size_t rest = back.size() - frame->segment.payload.size();
    CHECK(open.tcp.read(rest) == back.substr(back.size() - rest));
  });
}

TEST("no segment is larger than our own link takes, whatever the container's takes") {
  with_server([] {
    World world;
    Server server;
    RawTcp tcp(world, server.port);
    tcp.mss = 8960;
    CHECK(tcp.connect());
    const unique_fd host = server.accept(world);
    send_all(world, host, pattern(8000));
    const auto frame = tcp.receive();
    CHECK(frame != nullptr && frame->segment.payload.size() == 8000);
    CHECK_EQ(frame->header.gso_size, 1460);
  });
}

TEST("frames follow one another when an MSS is more than one holds") {
  with_server([] {
    World world({}, {}, 65535);
    Server server;
    RawTcp tcp(world, server.port);
    tcp.mss = 65480;
    CHECK(tcp.connect());
    const unique_fd host = server.accept(world);
    send_all(world, host, pattern(200'000));
    for (size_t received = 0; received < 180'000;) {
      const auto frame = tcp.receive();
      CHECK(frame != nullptr && frame->segment.payload.size() > 1000);
      if (frame == nullptr) return;
      received += frame->segment.payload.size();
    }
  });
}

TEST("segments that are duplicated, overlap or come in any order arrive once and in order") {
  with_server([] {
    World world;
    OpenTcp open(world);
    const std::string data = pattern(9000);
    const auto piece = [&](size_t at, size_t size) {
      open.tcp.send(kTcpAck, std::string_view(data).substr(at, size), static_cast<uint32_t>(at));
    };
    piece(0, 1000);
    piece(0, 1000);
    piece(2000, 1000);
    piece(3000, 1000);
    piece(500, 1000);
    piece(3500, 1500);
    piece(1400, 700);
    piece(6000, 500);
    piece(4000, 2600);
    piece(8000, 1000);
    piece(6600, 2400);
    CHECK(read_host(world, open.host, data.size()) == data);
    CHECK(read_host(world, open.host, 1).empty());
  });
}

TEST("a gap is answered at once with what is missing and what is there") {
  with_server([] {
    World world;
    OpenTcp open(world);
    open.tcp.send(kTcpAck, "second", 5);
    const auto answer = open.tcp.receive();
    CHECK(answer != nullptr && answer->segment.ack == open.tcp.seq);
    // NOP NOP SACK 10 left right
    const auto options = answer->packet.transport.subspan(20);
    CHECK_EQ(options.size(), 12);
    CHECK_EQ(options[2], 5);
    CHECK_EQ(options[7], (open.tcp.seq + 5) & 0xFF);
    CHECK_EQ(options[11], (open.tcp.seq + 11) & 0xFF);
    open.tcp.send(kTcpAck, "first");
    CHECK_EQ(read_host(world, open.host, 11), std::string("firstsecond"));
  });
}

// 256 connections with 64 KB each are all that may wait.
TEST("one container cannot take all the memory in which another one's data waits") {
  with_server([] {
    Server here(kServerAddress, 512);
    Server other("::1");
    World world({}, {other.port});
    const std::string much = pattern(60'000);
    for (uint16_t i = 0; i < 260; ++i) {
      RawTcp greedy(world, here.port, kServerAddress, static_cast<uint16_t>(10'000 + i));
      CHECK(greedy.connect());
      greedy.send(kTcpAck, much, 1, greedy.mss);
      CHECK(greedy.receive() != nullptr);
    }
    RawTcp modest(world, other.port, kHostAliasV6);
    CHECK(modest.connect());
    modest.send(kTcpAck, "second", 5);
    const auto answer = modest.receive();
    // with what was kept
    CHECK(answer != nullptr && answer->packet.transport.size() == 20 + 12);
  });
}

TEST("an end that comes early waits for what is missing") {
  with_server([] {
    World world;
    OpenTcp open(world);
    open.tcp.send(kTcpAck | kTcpFin, "end", 6);
    world.turn_for(5);
    CHECK_EQ(host_state(open.host), -1);
    open.tcp.send(kTcpAck, "start ");
    CHECK_EQ(read_host(world, open.host, 100), std::string("start end"));
    CHECK_EQ(host_state(open.host), 0);
  });
}

TEST("data outside the window is not delivered") {
  with_server([] {
    World world;
    OpenTcp open(world);
    open.tcp.send(kTcpAck, "far", 100'000'000);
    const auto answer = open.tcp.receive();
    CHECK(answer != nullptr && answer->segment.ack == open.tcp.seq);
    open.tcp.send(kTcpAck, "old", static_cast<uint32_t>(-10));
    CHECK(open.tcp.receive() != nullptr);
    CHECK_EQ(host_state(open.host), -1);
  });
}

TEST("a host that does not read closes the window, which never moves back and opens again") {
  with_server([] {
    World world;
    OpenTcp open(world);
    const std::string chunk = pattern(32768);
    uint32_t edge = open.tcp.seq;
    uint32_t window = 65535;
    size_t sent = 0;
    for (int i = 0; i < 2000; ++i) {
      if (open.tcp.seq + chunk.size() - edge > window) {
        const auto update = open.tcp.receive(30);
        if (update == nullptr) break;
        const uint32_t right = update->segment.ack + (uint32_t{update->segment.window} << 8);
        CHECK(net::seq_not_after(edge + window, right) || i == 0);
        edge = update->segment.ack;
        window = uint32_t{update->segment.window} << 8;
        continue;
      }
      open.tcp.write(chunk);
      sent += chunk.size();
    }
    CHECK(sent > 500'000 && sent < 60'000'000);
    // All that was inside the window was taken, nothing is lost.
    std::string all;
    while (all.size() < sent) {
      const std::string more = read_host(world, open.host, std::min<size_t>(sent - all.size(), 1 << 20));
      if (more.empty()) break;
      all += more;
    }
    CHECK_EQ(all.size(), sent);
    bool same = true;
    for (size_t at = 0; at < all.size(); at += chunk.size()) same = same && all.compare(at, chunk.size(), chunk) == 0;
    CHECK(same);
    open.tcp.write("after");
    CHECK_EQ(read_host(world, open.host, 5), std::string("after"));
  });
}

TEST("a probe of our closed window is answered and not taken") {
  with_server([] {
    World world;
    OpenTcp open(world);
    const std::string chunk = pattern(65000);
    std::unique_ptr<Received> last;
    for (int i = 0; i < 500; ++i) {
      open.tcp.write(chunk);
      for (auto frame = open.tcp.receive(5); frame != nullptr; frame = open.tcp.receive(0)) last = std::move(frame);
      if (last != nullptr && last->segment.ack != open.tcp.seq) break;
    }
    CHECK(last != nullptr && last->segment.ack != open.tcp.seq);
    open.tcp.seq = last->segment.ack;
    const auto left = uint32_t{last->segment.window} << 8;
    open.tcp.send(kTcpAck, "p", left);
    const auto answer = open.tcp.receive();
    CHECK(answer != nullptr && answer->segment.ack == open.tcp.seq);
  });
}

TEST("never more is in flight than the container's window") {
  with_server([] {
    World world;
    Server server;
    RawTcp tcp(world, server.port);
    tcp.scale = 0;
    tcp.window = 100;
    CHECK(tcp.connect());
    const unique_fd host = server.accept(world);
    send_all(world, host, pattern(1000));
    const auto first = tcp.receive();
    CHECK(first != nullptr && first->segment.payload.size() == 100);
    CHECK(tcp.receive(50) == nullptr);
    tcp.ack += 100;
    tcp.send(kTcpAck);
    const auto second = tcp.receive();
    CHECK(second != nullptr && second->segment.seq == tcp.ack && second->segment.payload.size() == 100);
  });
}

// The container has no room for what the host sends.
void send_to_closed_window(World &world, OpenTcp &open) {
  open.tcp.window = 0;
  open.tcp.send(kTcpAck);
  world.turn_for(2);
  send_all(world, open.host, "waiting");
}

void see_probe(OpenTcp &open, uint64_t patience_ms) {
  const auto probe = open.tcp.receive(patience_ms);
  CHECK(probe != nullptr && probe->segment.seq == open.tcp.ack - 1 && probe->segment.payload.empty());
}

void open_window(OpenTcp &open) {
  open.tcp.window = 1000;
  open.tcp.send(kTcpAck);
  CHECK_EQ(open.tcp.read(7), std::string("waiting"));
}

TEST("a closed window of the container is probed, and its opening resumes") {
  with_server([] {
    World world;
    OpenTcp open(world);
    send_to_closed_window(world, open);
    see_probe(open, 1000);
    open.tcp.send(kTcpAck);
    see_probe(open, 1500);
    open_window(open);
  });
}

TEST("a window that closes over what is in flight is probed, and its opening brings that again") {
  with_server([] {
    World world;
    OpenTcp open(world);
    send_all(world, open.host, "waiting");
    const auto lost = open.tcp.receive();
    CHECK(lost != nullptr && lost->payload() == "waiting");
    // There was no room for it after all.
    open.tcp.window = 0;
    for (int i = 0; i < 2; ++i) {
      open.tcp.send(kTcpAck);
      see_probe(open, 3000);
    }
    open_window(open);
  });
}

TEST("a window that stays closed is probed more and more seldom") {
  with_server([] {
    World world;
    OpenTcp open(world);
    send_to_closed_window(world, open);
    int probes = 0;
    const uint64_t end = world.loop.now_ms() + 1600;
    while (world.loop.now_ms() < end) {
      if (open.tcp.receive(end - world.loop.now_ms()) == nullptr) break;
      ++probes;
      open.tcp.send(kTcpAck);
    }
    CHECK(probes >= 1 && probes <= 4);
  });
}

TEST("what is not acknowledged is sent again after a time, from the same place") {
  with_server([] {
    World world;
    OpenTcp open(world);
    send_all(world, open.host, "again");
    const auto first = open.tcp.receive();
    const auto second = open.tcp.receive();
    CHECK(first != nullptr && second != nullptr && second->segment.seq == first->segment.seq);
    CHECK_EQ(second->payload(), std::string("again"));
    const auto third = open.tcp.receive(2000);
    CHECK(third != nullptr && third->payload() == "again");
    open.tcp.ack += 5;
    open.tcp.send(kTcpAck);
    send_all(world, open.host, "more");
    CHECK_EQ(open.tcp.read(4), std::string("more"));
    CHECK(world.stack->counters().retransmits >= 2);
  });
}

TEST("what got lost is sent again although frames of others wait all the time") {
  with_server([] {
    World world;
    OpenTcp open(world);
    send_all(world, open.host, "again");
    CHECK(open.tcp.receive() != nullptr);
    const std::string useless(40, '\0');
    for (int i = 0; i < 100; ++i) world.send_raw(useless);
    std::unique_ptr<Received> again;
    const uint64_t begin = world.loop.now_ms();
    while (again == nullptr && world.loop.now_ms() - begin < 10'000) {
      for (int i = 0; i < 64; ++i) world.send_raw(useless);
      world.loop.turn();
      again = world.receive(0);
    }
    CHECK(again != nullptr && again->payload() == "again");
  });
}

// Of data that is on its way: the first of it comes once more, after a time-out.
void lose_and_see_again(OpenTcp &open) {
  const auto first = open.tcp.receive();
  CHECK(first != nullptr && first->segment.seq == open.tcp.ack);
  auto again = open.tcp.receive();
  while (again != nullptr && again->segment.seq != open.tcp.ack) again = open.tcp.receive();
  CHECK(again != nullptr);
}

TEST("an end that was acknowledged is not sent once more, also when the time-out before was in vain") {
  with_server([] {
    World world;
    OpenTcp open(world);
    const std::string data = pattern(4000);
    send_all(world, open.host, data);
    ::shutdown(open.host.get(), SHUT_WR);
    lose_and_see_again(open);
    open.tcp.ack += static_cast<uint32_t>(data.size()) + 1;
    open.tcp.send(kTcpAck);
    CHECK(world.nothing_comes());
  });
}

TEST("after a time-out, acknowledgements have the number that the container expects next") {
  with_server([] {
    World world;
    OpenTcp open(world);
    const std::string data = pattern(4000);
    send_all(world, open.host, data);
    lose_and_see_again(open);
    open.tcp.write("x");
    const auto answer = open.tcp.receive();
    CHECK(answer != nullptr && answer->segment.payload.empty() && answer->segment.ack == open.tcp.seq);
    CHECK_EQ(answer->segment.seq, open.tcp.ack + data.size());
  });
}

TEST("three duplicate acknowledgements bring the missing frame at once") {
  with_server([] {
    World world;
    OpenTcp open(world);
    const std::string data = pattern(30'000);
    std::vector<std::unique_ptr<Received>> frames;
    for (size_t at = 0; at < data.size(); at += 3000) {
      send_all(world, open.host, std::string_view(data).substr(at, 3000));
      frames.push_back(open.tcp.receive(20));
    }
    const uint32_t missing = frames[0]->segment.seq;
    for (int i = 0; i < 3; ++i) open.tcp.send(kTcpAck);
    const auto again = open.tcp.receive(20);
    CHECK(again != nullptr && again->segment.seq == missing);
    CHECK(again->payload().starts_with(frames[0]->payload()));
    // All of it, in the end.
    std::string all;
    for (const auto &frame : frames) all += frame->payload();
    open.tcp.ack += static_cast<uint32_t>(all.size());
    open.tcp.send(kTcpAck);
    if (all.size() < data.size()) all += open.tcp.read(data.size() - all.size());
    CHECK(all == data);
  });
}

TEST("an acknowledgement of what was never sent is answered and changes nothing") {
  with_server([] {
    World world;
    OpenTcp open(world);
    open.tcp.ack += 1000;
    open.tcp.send(kTcpAck);
    open.tcp.ack -= 1000;
    const auto answer = open.tcp.receive();
    CHECK(answer != nullptr && answer->segment.seq == open.tcp.ack);
    send_all(world, open.host, "fine");
    CHECK_EQ(open.tcp.read(4), std::string("fine"));
  });
}

TEST("a partial acknowledgement resumes in the middle of a frame") {
  with_server([] {
    World world;
    OpenTcp open(world);
    const std::string data = pattern(5000);
    send_all(world, open.host, data);
    CHECK(open.tcp.receive() != nullptr);
    open.tcp.ack += 1234;
    open.tcp.send(kTcpAck);
    CHECK(open.tcp.read(data.size() - 1234) == data.substr(1234));
  });
}

TEST("a container that never acknowledges is given up in the end only by its own bounds, and costs no buffers") {
  with_server([] {
    World world;
    OpenTcp open(world);
    send_all(world, open.host, pattern(100'000));
    world.turn_for(100);
    open.tcp.send(net::kTcpRst);
    world.turn_for(5);
    CHECK_EQ(world.stack->counters().tcp_connections, 0);
    CHECK_EQ(host_state(open.host), -ECONNRESET);
  });
}

void exchange_urgent_data(World &world) {
  OpenTcp open(world);
  open.tcp.send(kTcpAck | 0x20, "urgent");
  open.tcp.seq += 6;
  CHECK_EQ(read_host(world, open.host, 6), std::string("urgent"));
  CHECK_EQ(::send(open.host.get(), "abc", 3, MSG_OOB), 3);
  send_all(world, open.host, "def");
  CHECK_EQ(open.tcp.read(6), std::string("abcdef"));
}

TEST("urgent data is delivered in band, in both directions") {
  with_server([] {
    World world;
    exchange_urgent_data(world);
  });
}

TEST("urgent data is delivered in band by kernels without SO_PEEK_OFF, too") {
  with_server([] {
    World world(kOldKernel);
    exchange_urgent_data(world);
  });
}

TEST("without SO_PEEK_OFF, an end behind urgent data comes after all of it") {
  with_server([] {
    World world(kOldKernel);
    OpenTcp open(world);
    CHECK_EQ(::send(open.host.get(), "abc", 3, MSG_OOB), 3);
    send_all(world, open.host, "def");
    open.host.reset();
    CHECK_EQ(open.tcp.read(6), std::string("abcdef"));
    const auto end = open.tcp.receive();
    CHECK(end != nullptr && (end->segment.flags & kTcpFin) != 0);
  });
}

TEST("without SO_PEEK_OFF, data arrives whole, also what has to be sent again") {
  with_server([] {
    World world(kOldKernel);
    OpenTcp open(world);
    const std::string data = pattern(200'000);
    send_all(world, open.host, data.substr(0, 5000));
    CHECK(open.tcp.receive() != nullptr);
    open.tcp.ack += 1234;
    open.tcp.send(kTcpAck);
    CHECK(open.tcp.read(5000 - 1234) == data.substr(1234, 5000 - 1234));
    send_all(world, open.host, data.substr(5000));
    CHECK(open.tcp.read(data.size() - 5000) == data.substr(5000));
  });
}

TEST("IPv6 works as IPv4 does, the host's loopback only through its alias and open ports") {
  with_server([] {
    Server server("::1");
    World world({}, {server.port});
    RawTcp tcp(world, server.port, kHostAliasV6);
    CHECK(tcp.connect());
    const unique_fd host = server.accept(world);
    tcp.write("six");
    CHECK_EQ(read_host(world, host, 3), std::string("six"));
    const std::string data = pattern(30'000);
    send_all(world, host, data);
    CHECK(tcp.read(data.size()) == data);
    RawTcp closed(world, static_cast<uint16_t>(server.port + 1), kHostAliasV6, 40001);
    CHECK(!closed.connect());
    RawTcp direct(world, server.port, "::1", 40002);
    CHECK(!direct.connect());
  });
}

TEST("the host's loopback is refused under all its names") {
  with_server([] {
    Server server("127.0.0.1");
    World world({}, {});
    for (const char *address : {"127.0.0.1", "127.9.9.9", "0.0.0.0", kHostAlias}) {
      RawTcp tcp(world, server.port, address);
      tcp.send_syn();
      const auto answer = tcp.receive();
      CHECK(answer != nullptr && (answer->segment.flags & net::kTcpRst) != 0);
    }
    RawTcp mapped(world, server.port, "::127.0.0.1", 40001);
    mapped.send_syn();
    CHECK(mapped.receive() != nullptr);
    for (const char *address : {"255.255.255.255", "224.0.0.1", "240.0.0.1"}) {
      RawTcp tcp(world, server.port, address);
      tcp.send_syn();
      CHECK(world.nothing_comes(20));
    }
    CHECK(!server.accept(world));
  });
}

TEST("frames with a foreign source address are ignored") {
  with_server([] {
    World world;
    Server server;
    std::string syn(20, '\0');
    syn[12] = 0x50;
    syn[13] = net::kTcpSyn;
    syn[1] = syn[3] = 5;
    world.send(IPPROTO_TCP, "10.89.0.5", kServerAddress, syn);
    world.send(IPPROTO_TCP, "198.51.100.7", kServerAddress, syn);
    CHECK(world.nothing_comes());
    CHECK_EQ(world.stack->counters().invalid, 2);
  });
}

}  // namespace
}  // namespace sampan::test
