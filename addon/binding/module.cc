// SPDX-License-Identifier: Apache-2.0
// The addon's entry. It keeps no global state: every environment (the main thread, each worker, a second dlopen) gets
// functions and data of its own.

#include <napi.h>

#include "addon/binding/groups.h"

namespace sampan::binding {
namespace {

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  for (const auto add :
       {add_spawn, add_memfd, add_sockets, add_channel, add_pidfd, add_locks, add_files, add_terminal, add_inflater}) {
    add(env, exports);
  }
  return exports;
}

}  // namespace
}  // namespace sampan::binding

static Napi::Object initialise_module(Napi::Env env, Napi::Object exports) {
  return sampan::binding::initialise(env, exports);
}

NODE_API_MODULE(sampan, initialise_module)
