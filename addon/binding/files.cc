// SPDX-License-Identifier: Apache-2.0
// File calls that node:fs does not have.

#include <fcntl.h>
#include <sys/statfs.h>

#include "addon/binding/groups.h"
#include "addon/binding/values.h"
#include "addon/sys/file.h"

namespace sampan::binding {
namespace {

Napi::Value openat2(const Napi::CallbackInfo &info) {
  const Arguments arguments(info);
  const std::string path = arguments.text(1, "path");
  const sys::OpenHow how{.flags = arguments.unsigned_integer(2, "flags") | O_CLOEXEC,
                         .mode = arguments.unsigned_integer(3, "mode"),
                         .resolve = arguments.unsigned_integer(4, "resolve")};
  unique_fd fd(sys::openat2(arguments.fd(0, "directory"), path.c_str(), how));
  if (!fd) throw to_error(info.Env(), last_error("openat2", path));
  return release_fd(info.Env(), std::move(fd));
}

void renameat2(const Napi::CallbackInfo &info) {
  const Arguments arguments(info);
  const std::string from = arguments.text(0, "from");
  const std::string to = arguments.text(1, "to");
  const auto flags = static_cast<unsigned>(arguments.integer(2, "flags"));
  if (sys::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) < 0) {
    Napi::Error error = to_error(info.Env(), last_error("renameat2", from));
    error.Set("dest", Napi::String::New(info.Env(), to));
    throw error;
  }
}

Napi::Value file_system(const Napi::CallbackInfo &info) {
  const std::string path = Arguments(info).text(0, "path");
  struct statfs found {};
  if (::statfs(path.c_str(), &found) < 0) throw to_error(info.Env(), last_error("statfs", path));
  const auto block = static_cast<double>(found.f_bsize);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("type", static_cast<double>(found.f_type));
  result.Set("freeBytes", static_cast<double>(found.f_bavail) * block);
  result.Set("totalBytes", static_cast<double>(found.f_blocks) * block);
  return result;
}

}  // namespace

void add_files(Napi::Env env, Napi::Object exports) {
  exports.Set("openat2", Napi::Function::New(env, openat2, "openat2"));
  exports.Set("renameat2", Napi::Function::New(env, renameat2, "renameat2"));
  exports.Set("statfs", Napi::Function::New(env, file_system, "statfs"));
}

}  // namespace sampan::binding
