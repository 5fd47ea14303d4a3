// SPDX-License-Identifier: Apache-2.0
// Between the container's streams and its clients: the one that started it (control) and those that attach later.
//
// How this works: every client has a set of things still to be sent (`unsent`, one bit each, sent in the order of the
// bits); output chunks themselves stay in the pumps, so a client costs no buffer. When a client's socket is full, its
// bit stays set, the pump waits, and EPOLLOUT goes on from there. Input frames are handled as they come, except that
// stdin stays in the client's socket while the stdin pump is busy. After the process's end the streams end in a tail
// that each client takes at its own pace, then EXIT. Clients are only marked as gone while events are served; sweep()
// forgets them afterwards.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "addon/helper/client.h"
#include "addon/helper/frame_io.h"
#include "addon/helper/output_pump.h"
#include "addon/helper/page_buffer.h"
#include "addon/helper/stdin_pump.h"

namespace sampan {

class Relay final : public Audience, public StdinListener, public ClientOwner {
 public:
  // stdio_flags: StdioFlags.
  Relay(Poller &poller, JsonLog &log, uint32_t stdio_flags);

  // The descriptors are ours; stdin may be absent. Reading starts at once.
  void open_pipes(unique_fd in, unique_fd out, unique_fd err);
  Status open_terminal(unique_fd master);

  // The client that started the container. Unattached (streams 0 and no keys) it only waits for the end.
  void add_control(unique_fd socket, bool attached, uint32_t streams, std::string_view detach_keys);
  // Somebody on the attach socket, who has yet to say ATTACH.
  void add_client(unique_fd socket);

  // The process is over: reads what is left, to be logged and sent.
  void end_streams();
  // Makes EXIT the last frame for everybody.
  void announce_exit(const FrameHeader &exit);
  // True when every client has been told everything and only the control client may still be there. Those that have
  // not said ATTACH yet do not count unless asked for.
  bool everybody_served(bool with_unattached) const;
  // The control client has not closed its end; with `reading`: but has not read everything yet.
  bool control_is_there() const;
  bool control_has_unread() const;

  void sweep();
  bool has_clients() const { return !clients_.empty(); }
  // The end for all of them; they still get what they have been sent.
  void part_with_all();
  // The connections of those who have not said ATTACH.
  std::vector<unique_fd> release_unattached();

  // Gives back what a burst of output or input has taken.
  void release_memory();

  size_t offer(OutputStream stream, std::string_view chunk) override;
  void stdin_ready() override;
  void client_ready(Client &client, uint32_t events) override;

 private:
  // relay_input.cc: what clients send
  void receive(Client &client);
  void handle(Client &client, const Frame &frame);
  void attach(Client &client, const Frame &frame);
  void take_stdin(Client &client, std::string_view bytes);
  void end_stdin(Client &client);
  void detach(Client &client);
  void resize(Client &client, uint32_t columns, uint32_t rows);

  // relay_output.cc: what clients get
  void flush(Client &client);
  SendOutcome send_next(Client &client, uint32_t bit);
  SendOutcome send_tail(Client &client);
  void sent(Client &client, uint32_t bit);
  void drop_output(Client &client);

  void rearm(Client &client);
  void lose(Client &client);
  void part(Client &client);
  OutputPump &pump(uint32_t bit) { return bit == kUnsentStdout ? out_ : err_; }
  bool tty() const;

  Poller &poller_;
  const uint32_t stdio_flags_;
  OutputPump out_;
  OutputPump err_;
  StdinPump stdin_;
  unique_fd terminal_;        // master, for its size
  unique_fd terminal_slave_;  // keeps the terminal alive while nobody in the container has it open
  bool exiting_ = false;
  FrameHeader exit_;
  std::vector<std::unique_ptr<Client>> clients_;
  PageBuffer input_{kMaxFramePayload};  // payload of the frame in hand
};

}  // namespace sampan
