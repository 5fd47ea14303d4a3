// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/relay.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <utility>

#include "addon/helper/settings.h"

namespace sampan {
namespace {

constexpr size_t kMaxClients = 64;

// Some frames in flight, so that neither side waits for the other at every frame, whatever net.core.wmem_default says.
void enlarge_send_buffer(int socket) {
  constexpr int kBytes = 256 * 1024;
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kBytes, sizeof kBytes);
}

}  // namespace

Relay::Relay(Poller &poller, JsonLog &log, uint32_t stdio_flags)
    : poller_(poller),
      stdio_flags_(stdio_flags),
      out_(OutputStream::out, poller, log, *this),
      err_(OutputStream::err, poller, log, *this),
      stdin_(poller, *this) {}

void Relay::open_pipes(unique_fd in, unique_fd out, unique_fd err) {
  if (in) stdin_.open(std::move(in));
  out_.open(std::move(out));
  err_.open(std::move(err));
}

Status Relay::open_terminal(unique_fd master) {
  // Two more descriptors of the same terminal: epoll watches a descriptor once, and the size needs it longest.
  unique_fd input(fcntl(master.get(), F_DUPFD_CLOEXEC, 0));
  terminal_.reset(fcntl(master.get(), F_DUPFD_CLOEXEC, 0));
  if (!input || !terminal_) return last_error("fcntl", "F_DUPFD_CLOEXEC");
  // ioctl_tty(2): TIOCGPTPEER, Linux 4.13. Without an open slave, reading fails with EIO until somebody opens it again.
  terminal_slave_.reset(ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal_slave_) return last_error("ioctl", "TIOCGPTPEER");
  if (fcntl(master.get(), F_SETFL, O_RDWR | O_NONBLOCK) < 0) return last_error("fcntl", "O_NONBLOCK");
  if ((stdio_flags_ & kStdioKeepStdin) != 0) stdin_.open(std::move(input));
  out_.open(std::move(master));
  return {};
}

void Relay::add_control(unique_fd socket, bool attached, uint32_t streams, std::string_view detach_keys) {
  enlarge_send_buffer(socket.get());
  clients_.push_back(std::make_unique<Client>(*this, std::move(socket)));
  Client &client = *clients_.back();
  client.control = true;
  client.attached = attached;
  if (attached) {
    client.streams = streams;
    client.detach_keys = DetachKeys(detach_keys);
  }
  client.unsent = kUnsentStarted;
  flush(client);
}

void Relay::add_client(unique_fd socket) {
  if (clients_.size() >= kMaxClients) return;
  enlarge_send_buffer(socket.get());
  clients_.push_back(std::make_unique<Client>(*this, std::move(socket)));
  rearm(*clients_.back());
}

void Relay::end_streams() {
  out_.drain();
  err_.drain();
  stdin_.close();
  stdin_ready();
  terminal_slave_.reset();
}

void Relay::announce_exit(const FrameHeader &exit) {
  exit_ = exit;
  exiting_ = true;
  for (const auto &client : clients_) {
    if (client->attached || client->control) flush(*client);
  }
}

bool Relay::everybody_served(bool with_unattached) const {
  for (const auto &client : clients_) {
    if (!client->socket || client->exit_sent) continue;
    if (client->attached || client->control || with_unattached) return false;
  }
  return true;
}

bool Relay::control_is_there() const {
  for (const auto &client : clients_) {
    if (client->control && client->socket && !client->hung_up) return true;
  }
  return false;
}

bool Relay::control_has_unread() const {
  for (const auto &client : clients_) {
    int bytes = 0;
    // unix(7) has no word on it, but SIOCOUTQ tells what the peer has not received yet.
    if (client->control && client->socket && ioctl(client->socket.get(), SIOCOUTQ, &bytes) == 0) return bytes > 0;
  }
  return false;
}

void Relay::sweep() {
  std::erase_if(clients_, [](const std::unique_ptr<Client> &client) { return !client->socket; });
}

void Relay::part_with_all() {
  for (const auto &client : clients_) {
    if (client->socket) part(*client);
  }
  sweep();
}

std::vector<unique_fd> Relay::release_unattached() {
  std::vector<unique_fd> sockets;
  for (const auto &client : clients_) {
    if (client->attached || client->control || !client->socket) continue;
    poller_.forget(*client, client->socket.get());
    sockets.push_back(std::move(client->socket));
  }
  sweep();
  return sockets;
}

void Relay::release_memory() {
  out_.release_memory();
  err_.release_memory();
  stdin_.release_memory();
  input_.release();
}

void Relay::client_ready(Client &client, uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0 && !client.hung_up) {
    client.hung_up = true;
    drop_output(client);
  }
  if (client.leaving && client.hung_up) {
    lose(client);
    return;
  }
  if ((events & EPOLLOUT) != 0 && !client.hung_up) flush(client);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive(client);
  rearm(client);
}

// Tells the poller what we want of the client now.
void Relay::rearm(Client &client) {
  if (!client.socket) return;
  if (client.hung_up && client.blocked) {
    // Its hang-up would be reported over and over while its last input waits; stdin_ready() goes on with it.
    poller_.forget(client, client.socket.get());
    return;
  }
  const bool listens = !client.blocked && !client.leaving;
  const bool has_tail = exiting_ && !client.exit_sent && (client.attached || client.control);
  const bool wants_room = !client.hung_up && (client.unsent != 0 || has_tail);
  poller_.want(client, client.socket.get(), (listens ? EPOLLIN : 0U) | (wants_room ? EPOLLOUT : 0U));
}

// The connection is over (from the client's side, or because it broke the protocol).
void Relay::lose(Client &client) {
  if (!client.socket) return;
  drop_output(client);
  const bool had_stdin = (client.streams & kStreamStdin) != 0 && !client.leaving;
  poller_.forget(client, client.socket.get());
  client.socket.reset();
  if (had_stdin && (stdio_flags_ & kStdioStdinOnce) != 0 && !tty()) stdin_.end();
}

// We are done with the client; it still gets what it has been sent.
void Relay::part(Client &client) {
  poller_.forget(client, client.socket.get());
  close_politely(client.socket.release());
}

bool Relay::tty() const { return (stdio_flags_ & kStdioTty) != 0; }

}  // namespace sampan
