// SPDX-License-Identifier: Apache-2.0
// The relay's way from the clients.
#include <sys/ioctl.h>

#include <cstring>

#include "addon/helper/relay.h"
#include "addon/helper/settings.h"

namespace sampan {

void Relay::receive(Client &client) {
  // So that one client that sends a lot does not keep the others waiting.
  constexpr int kFramesPerTurn = 16;
  for (int count = 0; count < kFramesPerTurn && client.socket && !client.leaving; ++count) {
    if (stdin_.busy()) {
      const FrameType next = peek_frame_type(client.socket.get());
      client.blocked = next == FrameType::stdin_data || next == FrameType::stdin_eof;
      if (client.blocked) return;
    }
    Frame frame;
    switch (receive_frame(client.socket.get(), input_.get(), &frame)) {
      case ReceiveOutcome::frame:
        handle(client, frame);
        break;
      case ReceiveOutcome::none:
        return;
      case ReceiveOutcome::closed:
        lose(client);
        return;
    }
  }
}

void Relay::handle(Client &client, const Frame &frame) {
  if (!client.attached && !client.control) {
    if (frame.header.type == FrameType::attach) {
      attach(client, frame);
    } else {
      lose(client);
    }
    return;
  }
  const bool gives_stdin = (client.streams & kStreamStdin) != 0;
  switch (frame.header.type) {
    case FrameType::resize:
      if (client.attached) resize(client, frame.header.a, frame.header.b);
      return;
    case FrameType::stdin_data:
      if (gives_stdin) take_stdin(client, frame.payload);
      return;
    case FrameType::stdin_eof:
      if (gives_stdin) end_stdin(client);
      return;
    default:
      return;  // frames of another phase (a second GO or ATTACH) mean nothing here
  }
}

void Relay::attach(Client &client, const Frame &frame) {
  if (frame.payload.size() > DetachKeys::kMaxKeys) {
    lose(client);
    return;
  }
  client.attached = true;
  client.streams = frame.header.a & uint32_t{kStreamStdin | kStreamStdout | kStreamStderr};
  client.detach_keys = DetachKeys(frame.payload);
  client.nudge = tty();
  // Who comes after the end gets no old output.
  if (exiting_) client.tail_sent = {out_.tail().size(), err_.tail().size()};
  client.unsent |= kUnsentAttached;
  flush(client);
}

void Relay::take_stdin(Client &client, std::string_view bytes) {
  const DetachKeys::Outcome outcome = client.detach_keys.filter(bytes, stdin_.buffer());
  stdin_.push(outcome.size);
  if (outcome.detached) detach(client);
}

// The end of stdin has a meaning only for a process whose stdin belongs to one client; a terminal has no end, the user
// types ctrl-d.
void Relay::end_stdin(Client &client) {
  const std::string_view held = client.detach_keys.take_held();
  memcpy(stdin_.buffer(), held.data(), held.size());
  stdin_.push(held.size());
  client.streams &= ~uint32_t{kStreamStdin};
  if ((stdio_flags_ & kStdioStdinOnce) != 0 && !tty()) stdin_.end();
}

void Relay::detach(Client &client) {
  client.leaving = true;
  drop_output(client);
  client.unsent |= kUnsentDetached;
  flush(client);
}

void Relay::resize(Client &client, uint32_t columns, uint32_t rows) {
  if (!terminal_) return;
  struct winsize current = {};
  struct winsize wanted = {};
  wanted.ws_col = static_cast<uint16_t>(columns);
  wanted.ws_row = static_cast<uint16_t>(rows);
  const bool same = ioctl(terminal_.get(), TIOCGWINSZ, &current) == 0 && current.ws_col == wanted.ws_col &&
                    current.ws_row == wanted.ws_row;
  if (client.nudge && same) {
    // The kernel sends SIGWINCH for a change only, and only SIGWINCH makes a full-screen program draw itself again.
    struct winsize other = wanted;
    other.ws_row = static_cast<uint16_t>(rows + 1);
    ioctl(terminal_.get(), TIOCSWINSZ, &other);
  }
  client.nudge = false;
  ioctl(terminal_.get(), TIOCSWINSZ, &wanted);
}

// Goes on with the clients whose input had to wait.
void Relay::stdin_ready() {
  for (const auto &client : clients_) {
    if (!client->blocked || stdin_.busy()) continue;
    client->blocked = false;
    do {
      receive(*client);
    } while (client->hung_up && client->socket && !client->blocked);
    rearm(*client);
  }
}

}  // namespace sampan
