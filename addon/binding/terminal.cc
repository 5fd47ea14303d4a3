// SPDX-License-Identifier: Apache-2.0
// The mode of a terminal. Node's own raw mode goes on translating output (it sets ONLCR), so that the newlines of a
// full-screen program in the container would move the cursor; the container's terminal has done that work already.

#include <termios.h>
#include <unistd.h>

#include <cstring>
#include <span>

#include "addon/binding/groups.h"
#include "addon/binding/values.h"

namespace sampan::binding {
namespace {

// The settings from before, as bytes that only terminal_restore reads.
Napi::Value terminal_raw(const Napi::CallbackInfo &info) {
  const int fd = Arguments(info).fd(0, "fd");
  struct termios saved {};
  if (::tcgetattr(fd, &saved) < 0) throw to_error(info.Env(), last_error("tcgetattr"));
  struct termios raw = saved;
  ::cfmakeraw(&raw);
  if (::tcsetattr(fd, TCSANOW, &raw) < 0) throw to_error(info.Env(), last_error("tcsetattr"));
  const auto bytes = std::as_bytes(std::span(&saved, 1));
  return Napi::Buffer<std::byte>::Copy(info.Env(), bytes.data(), bytes.size());
}

// Throws away nothing: keys that were typed meanwhile stay for whoever reads next.
void terminal_restore(const Napi::CallbackInfo &info) {
  const Arguments arguments(info);
  const auto bytes = arguments.bytes(1, "saved");
  struct termios saved {};
  if (bytes.size() != sizeof saved) throw Napi::TypeError::New(info.Env(), "saved: not what terminalRaw returned");
  std::memcpy(&saved, bytes.data(), sizeof saved);
  if (::tcsetattr(arguments.fd(0, "fd"), TCSANOW, &saved) < 0) throw to_error(info.Env(), last_error("tcsetattr"));
}

}  // namespace

void add_terminal(Napi::Env env, Napi::Object exports) {
  exports.Set("terminalRaw", Napi::Function::New(env, terminal_raw, "terminalRaw"));
  exports.Set("terminalRestore", Napi::Function::New(env, terminal_restore, "terminalRestore"));
}

}  // namespace sampan::binding
