// SPDX-License-Identifier: Apache-2.0
// Sealed memory files: what a child reads from them can no longer be changed by anybody.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "addon/binding/groups.h"
#include "addon/binding/values.h"
#include "addon/sys/file.h"

namespace sampan::binding {
namespace {

#ifndef MFD_EXEC
constexpr unsigned kMfdExec = 0x0010U;  // Linux 6.3: needed where vm.memfd_noexec is set
#else
constexpr unsigned kMfdExec = MFD_EXEC;
#endif

// memfd_create(2), Linux 3.17. Older kernels than 6.3 refuse a flag they do not know.
Result<unique_fd> create(const std::string &name, unsigned kind) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = ::memfd_create(name.c_str(), flags | kind);
  if (fd < 0 && errno == EINVAL && kind != 0) fd = ::memfd_create(name.c_str(), flags);
  if (fd < 0) return last_error("memfd_create", name);
  return unique_fd(fd);
}

Status seal(const unique_fd &fd, const std::string &name) {
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
    return last_error("fcntl(F_ADD_SEALS)", name);
  }
  return {};
}

Status copy_file(const unique_fd &to, const std::string &path) {
  const unique_fd from(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) return last_error("open", path);
  struct stat status {};
  if (::fstat(from.get(), &status) < 0) return last_error("fstat", path);
  off_t left = status.st_size;
  while (left > 0) {
    const ssize_t copied = ::sendfile(to.get(), from.get(), nullptr, static_cast<size_t>(left));
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0) return last_error("sendfile", path);
    if (copied == 0) return Error{EIO, "sendfile", path};
    left -= copied;
  }
  return {};
}

Napi::Value sealed_memfd(const Napi::CallbackInfo &info) {
  const Arguments arguments(info);
  const std::string name = arguments.text(0, "name");
  const auto content = arguments.bytes(1, "content");
  unique_fd fd = value_or_throw(info.Env(), create(name, 0));
  check(info.Env(),
        sys::write_all(fd.get(), {reinterpret_cast<const char *>(content.data()), content.size()}, name.c_str()));
  check(info.Env(), seal(fd, name));
  // A reader begins at the beginning.
  if (::lseek(fd.get(), 0, SEEK_SET) < 0) throw to_error(info.Env(), last_error("lseek", name));
  return release_fd(info.Env(), std::move(fd));
}

Napi::Value sealed_memfd_from_file(const Napi::CallbackInfo &info) {
  const Arguments arguments(info);
  const std::string name = arguments.text(0, "name");
  unique_fd fd = value_or_throw(info.Env(), create(name, kMfdExec));
  check(info.Env(), copy_file(fd, arguments.text(1, "path")));
  check(info.Env(), seal(fd, name));
  return release_fd(info.Env(), std::move(fd));
}

}  // namespace

void add_memfd(Napi::Env env, Napi::Object exports) {
  exports.Set("sealedMemfd", Napi::Function::New(env, sealed_memfd, "sealedMemfd"));
  exports.Set("sealedMemfdFromFile", Napi::Function::New(env, sealed_memfd_from_file, "sealedMemfdFromFile"));
}

}  // namespace sampan::binding
