// SPDX-License-Identifier: Apache-2.0
// From the event loop into JavaScript. Plain Node-API, because an environment that is ending refuses every call, and
// node-addon-api would make a fatal error of that.
#pragma once

#include <node_api.h>

#include <initializer_list>

namespace sampan::binding {

class HandleScope {
 public:
  explicit HandleScope(napi_env env) : env_(env) { open_ = napi_open_handle_scope(env, &scope_) == napi_ok; }
  HandleScope(const HandleScope &) = delete;
  HandleScope &operator=(const HandleScope &) = delete;
  ~HandleScope() {
    if (open_) napi_close_handle_scope(env_, scope_);
  }

 private:
  napi_env env_;
  napi_handle_scope scope_ = nullptr;
  bool open_ = false;
};

// Calls a function as the event loop does: with its async context, and the promise jobs and ticks run after it. What
// it throws becomes an uncaughtException. Needs an open handle scope.
void call_function(napi_env env, napi_async_context context, napi_ref function,
                   std::initializer_list<napi_value> arguments);

}  // namespace sampan::binding
