// SPDX-License-Identifier: Apache-2.0
// The relay's way to the clients.
#include <algorithm>

#include "addon/helper/relay.h"
#include "addon/helper/settings.h"

namespace sampan {

size_t Relay::offer(OutputStream stream, std::string_view chunk) {
  const bool is_out = stream == OutputStream::out;
  const uint32_t bit = is_out ? kUnsentStdout : kUnsentStderr;
  const FrameHeader header = {.type = is_out ? FrameType::stdout_data : FrameType::stderr_data};
  size_t waiting = 0;
  for (const auto &client : clients_) {
    if (!client->socket || (client->streams & (is_out ? kStreamStdout : kStreamStderr)) == 0) continue;
    const SendOutcome outcome =
        client->unsent == 0 ? send_frame(client->socket.get(), header, chunk) : SendOutcome::full;
    if (outcome != SendOutcome::full) continue;  // who is gone hangs up, which the poller tells
    client->unsent |= bit;
    ++waiting;
    rearm(*client);
  }
  return waiting;
}

// Sends what the client has not got yet, as far as its socket takes it.
void Relay::flush(Client &client) {
  SendOutcome outcome = SendOutcome::sent;
  while (client.socket && client.unsent != 0 && outcome == SendOutcome::sent) {
    const uint32_t bit = client.unsent & (~client.unsent + 1);
    outcome = send_next(client, bit);
    if (outcome == SendOutcome::sent) sent(client, bit);
  }
  if (client.socket && exiting_ && client.unsent == 0 && !client.exit_sent) (void)send_tail(client);
  if (client.socket && client.exit_sent && !client.control) part(client);
  rearm(client);
}

SendOutcome Relay::send_next(Client &client, uint32_t bit) {
  const int socket = client.socket.get();
  switch (bit) {
    case kUnsentStarted:
      return send_frame(socket, {.type = FrameType::started});
    case kUnsentAttached:
      return send_frame(socket, {.type = FrameType::attached, .a = tty() ? 1U : 0U, .b = stdin_.is_open() ? 1U : 0U});
    case kUnsentStdout:
      return send_frame(socket, {.type = FrameType::stdout_data}, out_.chunk());
    case kUnsentStderr:
      return send_frame(socket, {.type = FrameType::stderr_data}, err_.chunk());
    default:
      return send_frame(socket, {.type = FrameType::detached});
  }
}

void Relay::sent(Client &client, uint32_t bit) {
  client.unsent &= ~bit;
  if (bit == kUnsentStdout || bit == kUnsentStderr) pump(bit).taken();
  if (bit == kUnsentDetached) part(client);
}

// What the process left behind, then EXIT.
SendOutcome Relay::send_tail(Client &client) {
  for (const uint32_t bit : {kUnsentStdout, kUnsentStderr}) {
    const bool is_out = bit == kUnsentStdout;
    if ((client.streams & (is_out ? kStreamStdout : kStreamStderr)) == 0) continue;
    size_t &position = client.tail_sent[is_out ? 0 : 1];
    for (const std::string_view tail = pump(bit).tail(); position < tail.size();) {
      const std::string_view piece = tail.substr(position, kMaxFramePayload);
      const FrameHeader header = {.type = is_out ? FrameType::stdout_data : FrameType::stderr_data};
      const SendOutcome outcome = send_frame(client.socket.get(), header, piece);
      if (outcome != SendOutcome::sent) return outcome;
      position += piece.size();
    }
  }
  const SendOutcome outcome = send_frame(client.socket.get(), exit_);
  client.exit_sent = outcome == SendOutcome::sent;
  return outcome;
}

// The client gets no more output; the others do not wait for it.
void Relay::drop_output(Client &client) {
  client.streams &= ~uint32_t{kStreamStdout | kStreamStderr};
  for (const uint32_t bit : {kUnsentStdout, kUnsentStderr}) {
    if ((client.unsent & bit) == 0) continue;
    client.unsent &= ~bit;
    pump(bit).taken();
  }
}

}  // namespace sampan
