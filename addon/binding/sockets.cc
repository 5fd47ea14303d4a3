// SPDX-License-Identifier: Apache-2.0
// Descriptors that processes talk through: SOCK_SEQPACKET pairs and connections, pipes.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "addon/binding/groups.h"
#include "addon/binding/values.h"
#include "addon/sys/socket.h"

namespace sampan::binding {
namespace {

constexpr int kPipeSize = 1024 * 1024;  // /proc/sys/fs/pipe-max-size of a user, by default

Napi::Value pair_of(Napi::Env env, unique_fd first, unique_fd second) {
  Napi::Array pair = Napi::Array::New(env, 2);
  pair.Set(0U, release_fd(env, std::move(first)));
  pair.Set(1U, release_fd(env, std::move(second)));
  return pair;
}

Napi::Value seqpacket_pair(const Napi::CallbackInfo &info) {
  auto [first, second] = value_or_throw(info.Env(), sys::seqpacket_pair());
  return pair_of(info.Env(), std::move(first), std::move(second));
}

Napi::Value make_pipe(const Napi::CallbackInfo &info) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) < 0) throw to_error(info.Env(), last_error("pipe2"));
  // A larger buffer is only faster: a user over the limit of pipe(7) keeps the usual one.
  (void)::fcntl(fds[1], F_SETPIPE_SZ, kPipeSize);
  return pair_of(info.Env(), unique_fd(fds[0]), unique_fd(fds[1]));
}

Result<unique_fd> connect_in(const std::string &directory, const std::string &name) {
  const unique_fd dir(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return last_error("open", directory);
  // sun_path holds 108 bytes only: the way through /proc makes the length of the directory irrelevant.
  const std::string path = "/proc/self/fd/" + std::to_string(dir.get()) + "/" + name;
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{ENAMETOOLONG, "connect", name};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  unique_fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return last_error("socket");
  // Without blocking: EAGAIN means a full backlog, which callers treat as any other failure to connect.
  if (::connect(fd.get(), reinterpret_cast<const struct sockaddr *>(&address), sizeof address) < 0) {
    return last_error("connect", directory + "/" + name);
  }
  return fd;
}

Napi::Value seqpacket_connect(const Napi::CallbackInfo &info) {
  const Arguments arguments(info);
  return release_fd(info.Env(),
                    value_or_throw(info.Env(), connect_in(arguments.text(0, "directory"), arguments.text(1, "name"))));
}

}  // namespace

void add_sockets(Napi::Env env, Napi::Object exports) {
  exports.Set("seqpacketPair", Napi::Function::New(env, seqpacket_pair, "seqpacketPair"));
  exports.Set("pipe", Napi::Function::New(env, make_pipe, "pipe"));
  exports.Set("seqpacketConnect", Napi::Function::New(env, seqpacket_connect, "seqpacketConnect"));
}

}  // namespace sampan::binding
