// SPDX-License-Identifier: Apache-2.0
// What the UDP sockets of the stack and of published ports have in common: trains of datagrams (udp(7), UDP_GRO and
// UDP_SEGMENT), and buffers that bridge the time in which we are not on a processor.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace sampan::net {

inline constexpr size_t kUdpHeaderSize = 8;
// udp(7): a call takes up to 64 segments (UDP_MAX_SEGMENTS of all kernels), together no more than a datagram.
inline constexpr size_t kMaxSegments = 64;
inline constexpr size_t kMaxTrain = 65000;
// What any kernel makes of them in one frame (UDP_MAX_SEGMENTS since Linux 6.9).
inline constexpr size_t kMostSegments = 128;

// Larger buffers, as far as the host allows. What fits in is not lost while others have the processor.
void widen_buffers(int socket);

// From now on the kernel may give us several datagrams of one sender and size in one piece.
void accept_trains(int socket);

// The size of each datagram in a control message of UDP_GRO; 0: it is another message.
uint16_t train_segment(const struct cmsghdr &part);

}  // namespace sampan::net
