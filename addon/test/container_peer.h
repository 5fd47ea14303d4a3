// SPDX-License-Identifier: Apache-2.0
// Plays the containers' side of a Stack: speaks raw frames through a socket pair in the tun's place, while the other
// side is real sockets of a network namespace of its own (addon/test/own_network.h).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "addon/net/event_loop.h"
#include "addon/net/packet.h"
#include "addon/net/stack.h"
#include "addon/net/tcp_handover.h"
#include "addon/net/tcp_segment.h"
#include "addon/test/impaired_link.h"

namespace sampan::test {

net::IpAddress ip(const char *text);

// What the tests' worlds are made of.
inline constexpr const char *kContainerAddress = "10.88.0.5";
inline constexpr const char *kServerAddress = "198.51.100.7";   // on lo
inline constexpr const char *kUnroutedAddress = "203.0.113.9";  // nowhere
inline constexpr const char *kHostAlias = "192.0.2.254";        // 127.0.0.1
inline constexpr const char *kContainerV6 = "fd00:88::5";
inline constexpr const char *kHostAliasV6 = "fd00:99::1";  // ::1

// Runs the body in a network of its own (addon/test/own_network.h), where kServerAddress is.
void with_server(void (*body)());

// A datagram whose checksum is left to be made.
std::string make_udp(uint16_t from, uint16_t to, std::string_view payload);

// A frame from the stack, taken apart.
struct Received {
  std::vector<uint8_t> bytes;
  net::VnetHeader header;
  net::Packet packet;       // points into bytes
  net::TcpSegment segment;  // when it is TCP
  bool is_tcp() const { return packet.protocol == IPPROTO_TCP; }
  std::string payload() const {
    return {reinterpret_cast<const char *>(segment.payload.data()), segment.payload.size()};
  }
};

struct BadTun {
  unique_fd tun;
  Impairment impairment;
  net::HandoverTarget *handover = nullptr;
  std::vector<uint16_t> host_ports = {};
};

class World {
 public:
  explicit World(net::StackLimits limits = {}, std::vector<uint16_t> host_ports = {}, uint32_t mtu = 1500);
  // Behind a real tun and a bad link; send() and receive() have nothing to do then.
  explicit World(BadTun bad);
  // As the first, with somebody who takes connections over.
  explicit World(net::HandoverTarget &handover, net::StackLimits limits = {});

  // Turns the loop until a frame has come, or nothing came for so long; null then.
  std::unique_ptr<Received> receive(uint64_t patience_ms = 1000);
  // The same for frames that are not pure acknowledgements of `ack`.
  bool nothing_comes(uint64_t patience_ms = 60) { return receive(patience_ms) == nullptr; }
  void turn_for(uint64_t ms);

  // Sends one IP packet, headers made here; the checksum is left to be made, as the kernel does.
  void send(uint8_t protocol, const char *from, const char *to, std::string_view transport, uint16_t gso_size = 0);
  void send_raw(std::string_view frame);

  net::EventLoop loop;
  std::unique_ptr<net::StackResources> resources;
  std::unique_ptr<net::Stack> stack;

 private:
  void make_stack(unique_fd end, const net::StackLimits &limits, const std::vector<uint16_t> &host_ports,
                  net::HandoverTarget *handover = nullptr, uint32_t mtu = 1500);
  unique_fd make_link();

  std::unique_ptr<ImpairedLink> link_;
  unique_fd tun_;
};

// One TCP connection as a container's kernel would hold it, every segment sent by hand.
class RawTcp {
 public:
  RawTcp(World &owner, uint16_t port_there, const char *address = kServerAddress, uint16_t port_here = 40000);

  // Sends a segment with the present numbers; SYN and FIN and payload do not move them (see take()).
  void send(uint8_t flags, std::string_view payload = {}, uint32_t seq_offset = 0, uint16_t gso_size = 0);
  void send_syn();
  // The handshake; false when it fails.
  bool connect();
  // Sends the payload and moves SND.NXT.
  void write(std::string_view payload);
  // The next TCP frame of this connection; null when none came.
  std::unique_ptr<Received> receive(uint64_t patience_ms = 1000);
  // Receives and acknowledges until so many bytes are there.
  std::string read(size_t size);

  uint32_t seq = 1000;
  uint32_t ack = 0;
  uint16_t window = 0xFFFF;
  uint8_t scale = 7;
  uint16_t mss = 1460;
  bool sack = true;
  uint16_t port_here;

 private:
  World &world_;
  uint16_t port_there_;
  std::string address_;
};

// A server's sockets. The listener is non-blocking, accepted ones are too.
struct Server {
  explicit Server(const char *address = kServerAddress, int backlog = 128);
  unique_fd accept(World &world);
  unique_fd listener;
  uint16_t port = 0;
};

// An open connection and its server's end.
struct OpenTcp {
  explicit OpenTcp(World &world, uint16_t port_here = 40000);
  Server server;
  RawTcp tcp;
  unique_fd host;
};

// Reads until so many bytes are there or the end; turns the world meanwhile.
std::string read_host(World &world, const unique_fd &fd, size_t size);
// 0: end of file; -1: nothing there; -errno.
int host_state(const unique_fd &fd);

}  // namespace sampan::test
