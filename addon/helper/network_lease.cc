// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/network_lease.h"

#include <poll.h>
#include <sys/timerfd.h>

#include <memory>
#include <utility>

#include "addon/helper/netd_start.h"

namespace sampan {

namespace {

// netd answers within milliseconds; a machine that is short of everything gets more than enough.
constexpr int kPatienceMs = 20'000;

// A lost netd is there again within a second, or something is wrong that takes longer.
constexpr int64_t kRetryMs = 20;
constexpr unsigned kQuickAttempts = 250;
constexpr int64_t kSlowRetryMs = 5000;
// One that is starting has this many attempts before another is started.
constexpr unsigned kAttemptsPerStart = 25;

// In the order of NET_ATTACHED.
constexpr size_t kUserNamespace = 0;
constexpr size_t kPlan = 1;

Error failure_of(const Frame &frame) {
  const size_t end = frame.payload.find('\0');
  Error error{static_cast<int>(frame.header.a), "netd", std::string(frame.payload.substr(0, end))};
  if (end != std::string_view::npos) error.detail = frame.payload.substr(end + 1);
  return error;
}

}  // namespace

void NetworkLease::open(unique_fd connection, int directory) {
  connection_ = std::move(connection);
  directory_ = directory;
}

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
    if (outcome == ReceiveOutcome::closed) return broken("recvmsg");
    if (frame.header.type == FrameType::net_failed) return failure_of(frame);
    if (frame.descriptors_lost) return lost_descriptors("netd");
    const bool is_attached = frame.header.type == FrameType::net_attached;
    if (is_attached) description_ = frame.payload;
    if (frame.header.type == expected) return {};
    if (!is_attached) return Error{EPROTO, "recvmsg", "netd"};
    // A command has changed the networks of a container that is between two runs.
    namespaces_ = std::exchange(descriptors, {});
  }
}

Result<unique_fd> NetworkLease::enter(std::string_view description) {
  // Networks that were connected since are in what netd said last.
  if (description_.empty()) description_ = description;
  // Another run of a container whose netd is gone, or has not granted the lease again yet.
  if (!connection_ || attempts_ > 0) return Error{ECONNRESET, "connect", "netd"};
  if (send_frame(connection_.get(), {.type = FrameType::net_enter}, description_) != SendOutcome::sent) {
    return broken("sendmsg");
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
  return broken("sendmsg");
}

Status NetworkLease::wait_attached() {
  std::vector<unique_fd> descriptors;
  auto attached = receive(FrameType::net_attached, descriptors);
  // What the last netd said holds until then.
  if (attached) namespaces_ = std::move(descriptors);
  return attached;
}

Error NetworkLease::broken(const char *call) {
  if (poller_ != nullptr) lose();
  return {ECONNRESET, call, "netd"};
}

Status NetworkLease::keep(Poller &poller) {
  poller_ = &poller;
  timer_.reset(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer_) return last_error("timerfd_create", "netd");
  poller.want(timer_watch_, timer_.get(), EPOLLIN);
  poller.want(*this, connection_.get(), EPOLLIN);
  return {};
}

void NetworkLease::close() {
  if (poller_ != nullptr) {
    poller_->forget(timer_watch_, timer_.get());
    if (connection_) poller_->forget(*this, connection_.get());
    poller_ = nullptr;
  }
  timer_.reset();
  connection_.reset();
  network_namespace_.reset();
  namespaces_.clear();
}

void NetworkLease::ready(uint32_t) {
  const auto payload = std::make_unique<char[]>(kMaxFramePayload);
  Frame frame;
  std::vector<unique_fd> descriptors;
  switch (receive_frame(connection_.get(), payload.get(), &frame, &descriptors)) {
    case ReceiveOutcome::none:
      return;
    case ReceiveOutcome::closed:
      lose();
      return;
    case ReceiveOutcome::frame:
      break;
  }
  if (frame.header.type != FrameType::net_attached) return lose();
  attempts_ = 0;
  // The next netd takes a description only with all that belongs to it: the last whole one stands.
  if (frame.descriptors_lost) return;
  description_ = frame.payload;
  namespaces_ = std::move(descriptors);
}

void NetworkLease::lose() {
  poller_->forget(*this, connection_.get());
  connection_.reset();
  arm(attempts_ == 0 ? 1 : kRetryMs);
}

// connect(2) says at once whether there is a netd; starting one takes some milliseconds.
void NetworkLease::retry() {
  uint64_t expirations = 0;
  (void)!read(timer_.get(), &expirations, sizeof expirations);
  if (connection_ || namespaces_.size() <= kPlan) return;
  if (resume()) return;
  if (attempts_ % kAttemptsPerStart == 0) {
    start_netd({namespaces_[kPlan].get(), directory_, namespaces_[kUserNamespace].get()});
  }
  ++attempts_;
  arm(attempts_ < kQuickAttempts ? kRetryMs : kSlowRetryMs);
}

bool NetworkLease::resume() {
  auto connected = connect_to_netd(directory_);
  if (!connected) return false;
  std::vector<int> descriptors;
  for (const auto &descriptor : namespaces_) descriptors.push_back(descriptor.get());
  descriptors.push_back(network_namespace_.get());
  const FrameHeader header = {.type = FrameType::net_resume};
  if (send_frame(connected.value().get(), header, description_, descriptors) != SendOutcome::sent) return false;
  connection_ = connected.take();
  // Should it be refused, that is one more attempt.
  ++attempts_;
  poller_->want(*this, connection_.get(), EPOLLIN);
  return true;
}

void NetworkLease::arm(int64_t delay_ms) {
  struct itimerspec when = {};
  when.it_value = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1'000'000};
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

}  // namespace sampan
