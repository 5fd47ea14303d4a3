// SPDX-License-Identifier: Apache-2.0
// One end of a SOCK_SEQPACKET connection on the event loop: receives into one buffer that is used again, sends at once
// or queues. Knows nothing of JavaScript.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "addon/binding/poll.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::binding {

class StreamListener {
 public:
  virtual ~StreamListener() = default;
  // The bytes are valid during the call only.
  virtual void on_message(std::span<const std::byte> message) = 0;
  virtual void on_drain() = 0;
  // Last call; the stream is closed. An error, or the end.
  virtual void on_end(const std::optional<Error> &error) = 0;
  virtual void on_stream_teardown() = 0;
};

class SeqpacketStream final : public PollListener, public std::enable_shared_from_this<SeqpacketStream> {
 public:
  explicit SeqpacketStream(StreamListener &listener);

  // Takes the descriptor, also when it fails.
  Status open(napi_env env, unique_fd fd);
  // True when it was sent, false when it was queued. EPIPE or ECONNRESET when the peer is gone.
  Result<bool> send(std::span<const std::byte> message);
  void pause() { set_reading(false); }
  void resume() { set_reading(true); }
  // The listener is not called any more. Idempotent.
  void close();

 private:
  void on_poll(int events) override;
  void on_teardown() override;

  void receive_some();
  bool receive_one();
  void flush();
  void end(const std::optional<Error> &error);
  void set_reading(bool reading);
  void update_watch();

  StreamListener *listener_;  // nullptr once closed
  Poll poll_;
  bool reading_ = true;
  std::unique_ptr<std::byte[]> buffer_;  // kMaxFrame bytes, while open
  std::deque<std::vector<std::byte>> queue_;
};

}  // namespace sampan::binding
