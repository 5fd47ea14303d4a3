// SPDX-License-Identifier: Apache-2.0
// Both halves of the link. A message is a LinkHeader, the subject, the detail.
#include "addon/helper/link.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "addon/helper/launch.h"
#include "addon/sys/socket.h"

namespace sampan {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

struct Received {
  LinkHeader header;
  std::string text;
  unique_fd fd;
  bool closed = false;
};

Result<Received> receive(int link) {
  std::array<std::byte, kMaxLinkMessage> buffer;
  auto message = sys::receive_message(link, buffer);
  if (!message) {
    // The peer died with something unread: to us the same as a plain end.
    if (message.error().number != ECONNRESET) return message.error();
    Received closed;
    closed.closed = true;
    return closed;
  }
  Received received;
  const size_t size = message.value().size;
  if (size == 0) {
    received.closed = true;
    return received;
  }
  if (size < sizeof(LinkHeader)) return Error{EPROTO, "recvmsg", "link"};
  std::memcpy(&received.header, buffer.data(), sizeof(LinkHeader));
  received.text.assign(reinterpret_cast<const char *>(buffer.data()) + sizeof(LinkHeader), size - sizeof(LinkHeader));
  if (received.header.subject_size > received.text.size()) return Error{EPROTO, "recvmsg", "link"};
  received.fd = std::move(message.value().fd);
  return received;
}

}  // namespace

Status send_link(int link, const LinkHeader &header, std::string_view subject, std::string_view detail, int fd) {
  subject = subject.substr(0, kMaxLinkText);
  detail = detail.substr(0, kMaxLinkText);
  LinkHeader sized = header;
  sized.subject_size = static_cast<uint32_t>(subject.size());
  const std::array parts = {std::as_bytes(std::span(&sized, 1)), bytes_of(subject), bytes_of(detail)};
  return sys::send_message(link, parts, fd);
}

Status send_error(int link, const Error &error, uint32_t operation, uint32_t index) {
  const LinkHeader header{
      .kind = LinkKind::error, .number = static_cast<uint32_t>(error.number), .operation = operation, .index = index};
  return send_link(link, header, error.subject, describe(error));
}

std::string describe(const Error &error) {
  std::string text = error.call;
  if (!error.detail.empty()) text.append(": ").append(error.detail);
  return text;
}

Status receive_order(int link, LinkKind expected) {
  auto received = receive(link);
  if (!received) return received.error();
  if (received.value().closed) return Error{ECONNRESET, "recvmsg", "link"};
  if (received.value().header.kind != expected) return Error{EPROTO, "recvmsg", "link"};
  return {};
}

Status die_with_parent(int link) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return last_error("prctl(PR_SET_PDEATHSIG)");
  pollfd peer{.fd = link, .events = 0, .revents = 0};
  if (::poll(&peer, 1, 0) > 0 && (peer.revents & POLLHUP) != 0) return Error{ECONNRESET, "poll", "link"};
  return {};
}

Result<LinkEvent> receive_link(int link) {
  auto received = receive(link);
  if (!received) return received.error();
  auto &[header, text, fd, closed] = received.value();
  LinkEvent event;
  if (closed) return event;
  event.subject = text.substr(0, header.subject_size);
  event.detail = text.substr(header.subject_size);
  switch (header.kind) {
    case LinkKind::ready:
      event.kind = LinkEvent::Kind::ready;
      return event;
    case LinkKind::pty:
      event.kind = LinkEvent::Kind::pty;
      event.pty_master = std::move(fd);
      return event;
    case LinkKind::error:
      event.kind = LinkEvent::Kind::error;
      event.error_number = static_cast<int>(header.number);
      event.operation = header.operation;
      event.index = header.index;
      return event;
    case LinkKind::result:
      event.kind = LinkEvent::Kind::result;
      return event;
    case LinkKind::born:
    case LinkKind::proceed:
    case LinkKind::go:
      break;
  }
  return Error{EPROTO, "recvmsg", "link"};
}

Result<Born> receive_born(int link) {
  auto received = receive(link);
  if (!received) return received.error();
  auto &message = received.value();
  if (message.closed) return Error{ECONNRESET, "recvmsg", "link"};
  if (message.header.kind == LinkKind::born) {
    return Born{static_cast<pid_t>(message.header.number), std::move(message.fd)};
  }
  if (message.header.kind != LinkKind::error) return Error{EPROTO, "recvmsg", "link"};
  Error error{static_cast<int>(message.header.number), "join", message.text.substr(0, message.header.subject_size)};
  error.detail = message.text.substr(message.header.subject_size);
  return error;
}

Status send_proceed(int link) { return send_link(link, {.kind = LinkKind::proceed}); }
Status send_go(int link) { return send_link(link, {.kind = LinkKind::go}); }

}  // namespace sampan
