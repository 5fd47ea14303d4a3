// SPDX-License-Identifier: Apache-2.0
// One frame in or out of a SOCK_SEQPACKET connection, never blocking. A frame is sent whole or not at all.
#pragma once

#include <cerrno>
#include <span>
#include <string_view>
#include <vector>

#include "addon/protocol/frames.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

enum class SendOutcome { sent, full, gone };

// More descriptors than kMaxFrameDescriptors are refused as if the peer were gone.
inline constexpr size_t kMaxFrameDescriptors = 64;
SendOutcome send_frame(int socket, const FrameHeader &header, std::string_view payload = {},
                       std::span<const int> descriptors = {});

enum class ReceiveOutcome { frame, none, closed };

struct Frame {
  FrameHeader header;
  std::string_view payload;  // in the caller's buffer
  // Not all descriptors that came with it arrived: there were more than kMaxFrameDescriptors, or no room for them in
  // this process. What arrived was sent first.
  bool descriptors_lost = false;
};

// What a frame that lost descriptors is answered with, by who needs all of them.
inline Error lost_descriptors(const char *from) {
  return {EMFILE, "recvmsg", from, "descriptors were lost: too many are open"};
}

// `buffer` has room for kMaxFramePayload. A message that is no frame counts as closed: such a peer is not served.
// Descriptors that came with it are close-on-exec; who does not ask for them does not get any.
ReceiveOutcome receive_frame(int socket, char *buffer, Frame *frame, std::vector<unique_fd> *descriptors = nullptr);

// Type of the next frame, which stays in the socket; none when there is no frame.
FrameType peek_frame_type(int socket);

// Closes our end so that the peer still gets all we have sent: closing a unix socket with unread messages would give
// the peer ECONNRESET before them.
void close_politely(int socket);

}  // namespace sampan
