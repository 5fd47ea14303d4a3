// SPDX-License-Identifier: Apache-2.0
// Frames and the descriptors that come with them.
#include "addon/helper/frame_io.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <tuple>
#include <vector>

#include "addon/sys/socket.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

struct Connection {
  Connection() {
    auto pair = sys::seqpacket_pair();
    CHECK(pair.ok());
    std::tie(ours, theirs) = pair.take();
  }

  // Sends one frame with `count` copies of a descriptor, as a stranger would.
  void send(size_t count) const {
    FrameHeader header = {.type = FrameType::net_attach};
    struct iovec part = {&header, sizeof header};
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMost)] = {};
    struct msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * count);
    int copies[kMost];
    std::fill_n(copies, count, theirs.get());
    std::memcpy(CMSG_DATA(rights), copies, sizeof(int) * count);
    CHECK_EQ(::sendmsg(theirs.get(), &message, 0), sizeof header);
  }

  Frame receive(std::vector<unique_fd> *descriptors) const {
    const auto buffer = std::make_unique<char[]>(kMaxFramePayload);
    Frame frame;
    CHECK(receive_frame(ours.get(), buffer.get(), &frame, descriptors) == ReceiveOutcome::frame);
    return frame;
  }

  static constexpr size_t kMost = kMaxFrameDescriptors + 1;
  unique_fd ours;
  unique_fd theirs;
};

TEST("a frame brings as many descriptors as a frame may have") {
  const Connection connection;
  connection.send(kMaxFrameDescriptors);
  std::vector<unique_fd> descriptors;
  CHECK(!connection.receive(&descriptors).descriptors_lost);
  CHECK_EQ(descriptors.size(), kMaxFrameDescriptors);
}

TEST("a frame with more descriptors than a frame may have says that some were lost") {
  const Connection connection;
  connection.send(kMaxFrameDescriptors + 1);
  std::vector<unique_fd> descriptors;
  CHECK(connection.receive(&descriptors).descriptors_lost);
  CHECK_EQ(descriptors.size(), kMaxFrameDescriptors);
}

TEST("a frame whose descriptors find no room in this process says that some were lost") {
  const Connection connection;
  connection.send(2);
  const unique_fd lowest(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  struct rlimit before = {};
  CHECK_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const struct rlimit room_for_one = {static_cast<rlim_t>(lowest.get()) + 2, before.rlim_max};
  CHECK_EQ(::setrlimit(RLIMIT_NOFILE, &room_for_one), 0);
  std::vector<unique_fd> descriptors;
  const Frame frame = connection.receive(&descriptors);
  CHECK_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  CHECK(frame.descriptors_lost);
  CHECK_EQ(descriptors.size(), 1U);
}

TEST("who asks for no descriptors loses none") {
  const Connection connection;
  connection.send(1);
  CHECK(!connection.receive(nullptr).descriptors_lost);
}

TEST("a message for one descriptor that brings two is refused, and neither stays open") {
  Connection connection;
  connection.send(2);
  std::byte buffer[sizeof(FrameHeader)];
  const auto received = sys::receive_message(connection.ours.get(), buffer);
  CHECK_EQ(received.error().number, EMFILE);
  // With the last copy of its other end the connection is over.
  connection.theirs.reset();
  CHECK_EQ(::recv(connection.ours.get(), buffer, sizeof buffer, MSG_DONTWAIT), 0);
}

}  // namespace
}  // namespace sampan::test
