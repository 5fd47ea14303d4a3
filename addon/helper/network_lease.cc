// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/network_lease.h"

#include <poll.h>

#include <memory>
#include <utility>

namespace sampan {

namespace {

// netd answers within milliseconds; a machine that is short of everything gets more than enough.
constexpr int kPatienceMs = 20'000;

Error failure_of(const Frame &frame) {
  const size_t end = frame.payload.find('\0');
  Error error{static_cast<int>(frame.header.a), "netd", std::string(frame.payload.substr(0, end))};
  if (end != std::string_view::npos) error.detail = frame.payload.substr(end + 1);
  return error;
}

}  // namespace

Status NetworkLease::receive(FrameType expected, std::vector<unique_fd> &descriptors) {
  const auto payload = std::make_unique<char[]>(kMaxFramePayload);
  for (;;) {
    struct pollfd polled = {connection_.get(), POLLIN, 0};
    const int count = poll(&polled, 1, kPatienceMs);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error{ETIMEDOUT, "poll", "netd"};
    Frame frame;
    const ReceiveOutcome outcome = receive_frame(connection_.get(), payload.get(), &frame, &descriptors);
    if (outcome == ReceiveOutcome::none) continue;
    if (outcome == ReceiveOutcome::closed) return Error{ECONNRESET, "recvmsg", "netd"};
    if (frame.header.type == FrameType::net_failed) return failure_of(frame);
    if (frame.header.type != expected) return Error{EPROTO, "recvmsg", "netd"};
    if (expected == FrameType::net_attached) description_ = frame.payload;
    return {};
  }
}

Result<unique_fd> NetworkLease::enter(std::string_view description) {
  // Networks that were connected since are in what netd said last.
  if (description_.empty()) description_ = description;
  if (send_frame(connection_.get(), {.type = FrameType::net_enter}, description_) != SendOutcome::sent) {
    return Error{ECONNRESET, "sendmsg", "netd"};
  }
  std::vector<unique_fd> descriptors;
  if (auto received = receive(FrameType::net_entered, descriptors); !received) return received.error();
  if (descriptors.size() != 1) return Error{EPROTO, "recvmsg", "netd"};
  return std::move(descriptors.front());
}

Status NetworkLease::attach(unique_fd network_namespace) {
  network_namespace_ = std::move(network_namespace);
  const int descriptors[] = {network_namespace_.get()};
  if (send_frame(connection_.get(), {.type = FrameType::net_attach}, {}, descriptors) == SendOutcome::sent) return {};
  return Error{ECONNRESET, "sendmsg", "netd"};
}

Status NetworkLease::wait_attached() {
  namespaces_.clear();
  return receive(FrameType::net_attached, namespaces_);
}

}  // namespace sampan
