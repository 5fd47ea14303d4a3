// SPDX-License-Identifier: Apache-2.0
// The functions of lib/native/native.ts, one group per file; each group adds its own to the exports.
#pragma once

#include <napi.h>

namespace sampan::binding {

void add_spawn(Napi::Env env, Napi::Object exports);
void add_memfd(Napi::Env env, Napi::Object exports);
void add_sockets(Napi::Env env, Napi::Object exports);
void add_channel(Napi::Env env, Napi::Object exports);
void add_pidfd(Napi::Env env, Napi::Object exports);
void add_locks(Napi::Env env, Napi::Object exports);
void add_files(Napi::Env env, Napi::Object exports);
void add_terminal(Napi::Env env, Napi::Object exports);
void add_inflater(Napi::Env env, Napi::Object exports);

}  // namespace sampan::binding
