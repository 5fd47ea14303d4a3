// SPDX-License-Identifier: Apache-2.0
#include "addon/binding/seqpacket_stream.h"

#include <sys/socket.h>

#include "addon/protocol/frames.h"

namespace sampan::binding {
namespace {

// Messages of one wake-up: enough to spare epoll_wait(2), few enough that other handles get their turn.
constexpr int kMessagesPerWake = 32;
// Room for several full frames under way; the kernel caps it at net.core.{w,r}mem_max.
constexpr int kSocketBuffer = 1024 * 1024;

Result<bool> send_now(int fd, std::span<const std::byte> message) {
  for (;;) {
    if (::send(fd, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
    if (errno == EAGAIN) return false;
    if (errno != EINTR) return last_error("send");
  }
}

}  // namespace

SeqpacketStream::SeqpacketStream(StreamListener &listener)
    : listener_(&listener), poll_(*this), buffer_(std::make_unique_for_overwrite<std::byte[]>(kMaxFrame)) {}

Status SeqpacketStream::open(napi_env env, unique_fd fd) {
  // A wish only: a smaller buffer is slower, not wrong.
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof kSocketBuffer);
  if (Status opened = poll_.open(env, std::move(fd)); !opened) return opened;
  return poll_.watch(UV_READABLE);
}

Result<bool> SeqpacketStream::send(std::span<const std::byte> message) {
  if (!poll_.is_open()) return Error{EPIPE, "send", {}};
  if (queue_.empty()) {
    Result<bool> sent = send_now(poll_.fd(), message);
    if (!sent || sent.value()) return sent;
  }
  queue_.emplace_back(message.begin(), message.end());
  update_watch();
  return false;
}

void SeqpacketStream::close() {
  listener_ = nullptr;
  poll_.close();
  queue_.clear();
  // Not left to the garbage collector, which does not know how large it is.
  buffer_.reset();
}

void SeqpacketStream::on_poll(int events) {
  // A listener may drop the last other reference to this stream.
  const auto self = shared_from_this();
  if ((events & UV_WRITABLE) != 0) flush();
  if ((events & UV_READABLE) != 0) receive_some();
}

void SeqpacketStream::on_teardown() {
  StreamListener *const listener = std::exchange(listener_, nullptr);
  if (listener != nullptr) listener->on_stream_teardown();
}

void SeqpacketStream::receive_some() {
  for (int i = 0; i < kMessagesPerWake && reading_ && listener_ != nullptr; i++) {
    if (!receive_one()) return;
  }
}

bool SeqpacketStream::receive_one() {
  // MSG_TRUNC: the true size comes back, also of a message that was cut.
  const ssize_t size = ::recv(poll_.fd(), buffer_.get(), kMaxFrame, MSG_DONTWAIT | MSG_TRUNC);
  if (size > static_cast<ssize_t>(kMaxFrame)) {
    end(Error{EMSGSIZE, "recv", {}});
    return false;
  }
  if (size > 0) {
    listener_->on_message({buffer_.get(), static_cast<size_t>(size)});
    return true;
  }
  // No frame is empty, so this is the end.
  if (size == 0) {
    end({});
    return false;
  }
  // ECONNRESET: the peer closed without reading all that we had sent. The kernel says so once, before it hands out the
  // messages that the peer sent before (unix_release_sock, sock_error), and those still count.
  if (errno == EINTR || errno == ECONNRESET) return true;
  if (errno != EAGAIN) end(last_error("recv"));
  return false;
}

void SeqpacketStream::flush() {
  if (queue_.empty()) return;
  while (!queue_.empty()) {
    const Result<bool> sent = send_now(poll_.fd(), queue_.front());
    if (sent && !sent.value()) return;
    if (!sent) {
      // Nobody will read the rest; what the peer said before it went is still to be received, and then the end.
      queue_.clear();
      update_watch();
      return;
    }
    queue_.pop_front();
  }
  update_watch();
  if (listener_ != nullptr) listener_->on_drain();
}

void SeqpacketStream::end(const std::optional<Error> &error) {
  StreamListener *const listener = listener_;
  close();
  if (listener != nullptr) listener->on_end(error);
}

void SeqpacketStream::set_reading(bool reading) {
  reading_ = reading;
  update_watch();
}

void SeqpacketStream::update_watch() {
  const int events = (reading_ ? UV_READABLE : 0) | (queue_.empty() ? 0 : UV_WRITABLE);
  if (const Status watched = poll_.watch(events); !watched) end(watched.error());
}

}  // namespace sampan::binding
