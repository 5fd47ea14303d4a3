// SPDX-License-Identifier: Apache-2.0
// Between JavaScript values and ours: argument checks, and errors as Node's own file system errors look.
#pragma once

#include <napi.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::binding {

// Arguments of one call; each getter throws a TypeError that names the argument.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo &info) : info_(info) {}

  int fd(size_t index, const char *name) const;
  int32_t integer(size_t index, const char *name) const;
  uint64_t unsigned_integer(size_t index, const char *name) const;
  std::string text(size_t index, const char *name) const;
  // Valid until the call returns.
  std::span<const std::byte> bytes(size_t index, const char *name) const;
  Napi::Object object(size_t index, const char *name) const;

 private:
  [[noreturn]] void fail(const char *name, const char *expected) const;

  const Napi::CallbackInfo &info_;
};

int to_fd(const Napi::Value &value, const char *name);
std::vector<int> to_fds(const Napi::Value &value, const char *name);
// Rejects text with a NUL byte, which the kernel would cut.
std::string to_text(const Napi::Value &value, const char *name);
std::vector<std::string> to_texts(const Napi::Value &value, const char *name);

// An Error with errno (negative, as Node has it), code, syscall and, with a subject, path.
Napi::Error to_error(Napi::Env env, const Error &error);

// The value, or throws.
template <typename T>
T value_or_throw(Napi::Env env, Result<T> result) {
  if (!result) throw to_error(env, result.error());
  return result.take();
}
inline void check(Napi::Env env, const Status &status) {
  if (!status) throw to_error(env, status.error());
}

// Hands the descriptor over to JavaScript.
inline Napi::Value release_fd(Napi::Env env, unique_fd fd) { return Napi::Number::New(env, fd.release()); }

}  // namespace sampan::binding
