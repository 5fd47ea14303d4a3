// SPDX-License-Identifier: Apache-2.0
// Open file description locks (fcntl(2), Linux 3.15): they belong to the descriptor, not to the process, and end with
// it.

#include <fcntl.h>

#include "addon/binding/groups.h"
#include "addon/binding/values.h"

namespace sampan::binding {
namespace {

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

short lock_type(const Napi::CallbackInfo &info) {
  const std::string kind = Arguments(info).text(1, "kind");
  if (kind == "shared") return F_RDLCK;
  if (kind == "exclusive") return F_WRLCK;
  throw Napi::TypeError::New(info.Env(), "kind: expected 'shared' or 'exclusive'");
}

Napi::Value try_lock(const Napi::CallbackInfo &info) {
  struct flock lock = whole_file(lock_type(info));
  if (::fcntl(Arguments(info).fd(0, "fd"), F_OFD_SETLK, &lock) == 0) return Napi::Boolean::New(info.Env(), true);
  const Error error = last_error("fcntl(F_OFD_SETLK)");
  if (error.number == EAGAIN || error.number == EACCES) return Napi::Boolean::New(info.Env(), false);
  throw to_error(info.Env(), error);
}

void unlock(const Napi::CallbackInfo &info) {
  struct flock lock = whole_file(F_UNLCK);
  if (::fcntl(Arguments(info).fd(0, "fd"), F_OFD_SETLK, &lock) < 0) {
    throw to_error(info.Env(), last_error("fcntl(F_OFD_SETLK)"));
  }
}

}  // namespace

void add_locks(Napi::Env env, Napi::Object exports) {
  exports.Set("tryLock", Napi::Function::New(env, try_lock, "tryLock"));
  exports.Set("unlock", Napi::Function::New(env, unlock, "unlock"));
}

}  // namespace sampan::binding
