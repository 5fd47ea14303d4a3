// SPDX-License-Identifier: Apache-2.0
// A descriptor watched by the event loop of one environment (uv_poll_t), and everything about its end: closed by its
// owner, or because the environment (a worker thread, the process) goes away first.
#pragma once

#include <node_api.h>
#include <uv.h>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::binding {

class PollListener {
 public:
  virtual ~PollListener() = default;
  // events: UV_READABLE | UV_WRITABLE; both when the descriptor is in error, so that the next call on it says which.
  virtual void on_poll(int events) = 0;
  // The environment ends: the descriptor is closed, nothing is called any more, and JavaScript must not be called.
  virtual void on_teardown() = 0;
};

class Poll {
 public:
  explicit Poll(PollListener &listener) : listener_(listener) {}
  Poll(const Poll &) = delete;
  Poll &operator=(const Poll &) = delete;
  ~Poll() { close(); }

  // Takes the descriptor, also when it fails.
  Status open(napi_env env, unique_fd fd);
  // 0 stops watching; a stopped poll does not keep the event loop alive.
  Status watch(int events);
  // Closes the descriptor at once. Idempotent.
  void close();

  bool is_open() const { return handle_ != nullptr; }
  int fd() const;

 private:
  struct Handle;
  static void on_cleanup(napi_async_cleanup_hook_handle hook, void *data);

  PollListener &listener_;
  Handle *handle_ = nullptr;  // frees itself when libuv has let go of it
};

}  // namespace sampan::binding
