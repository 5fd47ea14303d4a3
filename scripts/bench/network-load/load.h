// SPDX-License-Identifier: Apache-2.0
// The load generator of `npm run bench -- network`: one static program for both ends, so that every stack is measured
// with the same client and the same server. Results go to stdout as JSON.
#pragma once

#include <netinet/in.h>

#include <cstdint>

namespace load {

uint64_t now_us();
[[noreturn]] void fail(const char *what);
int number(const char *text);
sockaddr_in address_of(const char *ip, const char *port);
// Descriptors for ten thousand connections; a larger buffer where a receiver shall not be what loses datagrams.
void raise_descriptor_limit();
void enlarge_buffer(int fd);

// Three listening ports from `base` on: echo, one byte and the end, the client's address.
int serve(int base);
// One message of 64 bytes forth and back, on each of `connections`.
int request_response(const sockaddr_in &server, int connections, int milliseconds);
// Connections that are opened, give one byte, and are closed by the server.
int connects(const sockaddr_in &server, int parallel, int milliseconds);
// Opens `count` connections, says so, and keeps them until stdin ends.
int hold(const sockaddr_in &server, int count);
// Prints who the server thinks we are.
int where(const sockaddr_in &server);

// Datagrams, at rates that grow from step to step.
struct Ramp {
  uint32_t size;
  uint32_t in_trains;    // with UDP_SEGMENT, as QUIC programs do
  uint32_t first_mbits;  // megabits per second; 0: as fast as the socket takes them
  uint32_t growth_percent;
  uint32_t steps;
  uint32_t step_ms;
};
// The receiver prints what came of each step.
int udp_sink(int port, int size);
int udp_fetch(const sockaddr_in &sender, const Ramp &ramp);
int udp_blast(const sockaddr_in &receiver, const Ramp &ramp);
int udp_answer(int port);

}  // namespace load
