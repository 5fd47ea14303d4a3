// SPDX-License-Identifier: Apache-2.0
#include "addon/binding/groups.h"
#include "addon/binding/spawn_process.h"
#include "addon/binding/values.h"

namespace sampan::binding {
namespace {

Napi::Value spawn(const Napi::CallbackInfo &info) {
  const Napi::Object options = Arguments(info).object(0, "options");
  const Program program{.executable = to_fd(options.Get("executable"), "executable"),
                        .argv = to_texts(options.Get("argv"), "argv"),
                        .env = to_texts(options.Get("env"), "env"),
                        .fds = to_fds(options.Get("fds"), "fds")};
  Process process = value_or_throw(info.Env(), spawn_process(program));
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("pid", Napi::Number::New(info.Env(), process.pid));
  result.Set("pidfd", release_fd(info.Env(), std::move(process.pidfd)));
  return result;
}

}  // namespace

void add_spawn(Napi::Env env, Napi::Object exports) { exports.Set("spawn", Napi::Function::New(env, spawn, "spawn")); }

}  // namespace sampan::binding
