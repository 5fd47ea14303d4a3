// SPDX-License-Identifier: Apache-2.0
#include "addon/binding/poll.h"

#include <memory>

namespace sampan::binding {

// Lives from uv_poll_init until the close callback of libuv, which comes one turn of the loop after uv_close.
struct Poll::Handle {
  uv_poll_t poll{};
  Poll *owner = nullptr;
  unique_fd fd;
  napi_async_cleanup_hook_handle hook = nullptr;

  void close() {
    owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t *>(&poll), [](uv_handle_t *closed) {
      auto *const handle = static_cast<Handle *>(closed->data);
      // Tells an environment that is ending that it need not wait for us.
      if (handle->hook != nullptr) napi_remove_async_cleanup_hook(handle->hook);
      delete handle;
    });
    // uv_close has taken it out of epoll; the peer learns now, not in the next turn.
    fd.reset();
  }
};

Status Poll::open(napi_env env, unique_fd fd) {
  uv_loop_t *loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return Error{EINVAL, "napi_get_uv_event_loop", {}};
  auto handle = std::make_unique<Handle>();
  // EEXIST: another poll of this loop watches the same descriptor.
  if (const int failed = uv_poll_init(loop, &handle->poll, fd.get()); failed != 0)
    return Error{-failed, "uv_poll_init", {}};
  handle->poll.data = handle.get();
  handle->fd = std::move(fd);
  handle->owner = this;
  handle_ = handle.release();
  if (napi_add_async_cleanup_hook(env, on_cleanup, handle_, &handle_->hook) != napi_ok) {
    close();
    return Error{EINVAL, "napi_add_async_cleanup_hook", {}};
  }
  return {};
}

Status Poll::watch(int events) {
  if (handle_ == nullptr) return {};
  if (events == 0) {
    uv_poll_stop(&handle_->poll);
    return {};
  }
  const int failed = uv_poll_start(&handle_->poll, events, [](uv_poll_t *poll, int status, int ready) {
    const auto *const handle = static_cast<Handle *>(poll->data);
    if (handle->owner == nullptr) return;
    handle->owner->listener_.on_poll(status < 0 ? UV_READABLE | UV_WRITABLE : ready);
  });
  if (failed != 0) return Error{-failed, "uv_poll_start", {}};
  return {};
}

void Poll::close() {
  if (handle_ == nullptr) return;
  std::exchange(handle_, nullptr)->close();
}

int Poll::fd() const { return handle_ == nullptr ? -1 : handle_->fd.get(); }

void Poll::on_cleanup(napi_async_cleanup_hook_handle, void *data) {
  auto *const handle = static_cast<Handle *>(data);
  Poll *const owner = handle->owner;
  // Closed already: its close callback is on the way.
  if (owner == nullptr) return;
  owner->close();
  owner->listener_.on_teardown();
}

}  // namespace sampan::binding
