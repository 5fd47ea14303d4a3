// SPDX-License-Identifier: Apache-2.0
// make_dir, make_symlink and make_file: what the root lacks. All keep what is there.
#include <fcntl.h>
#include <sys/stat.h>

#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"
#include "addon/sys/file.h"

namespace sampan {

// #syscalls: openat2 openat mkdirat fstat
Status op_make_dir(InitContext &context, const make_dir_args &args) {
  if (args.path == nullptr) return Error{EINVAL, "mkdir", "no path"};
  auto made = reach_in_root(context.root.get(), args.path, Missing::make_directory, args.mode);
  if (!made) return made.error();
  struct stat info {};
  if (::fstat(made.value().get(), &info) != 0) return last_error("fstat", args.path);
  if (!S_ISDIR(info.st_mode)) return Error{ENOTDIR, "mkdir", args.path};
  return {};
}

// #syscalls: openat2 openat mkdirat symlinkat
Status op_make_symlink(InitContext &context, const make_symlink_args &args) {
  if (args.path == nullptr || args.to == nullptr) return Error{EINVAL, "symlink", "no path"};
  auto place = place_in_root(context.root.get(), args.path);
  if (!place) return place.error();
  if (::symlinkat(args.to, place.value().directory.get(), place.value().name) != 0 && errno != EEXIST) {
    return last_error("symlink", args.path);
  }
  return {};
}

// #syscalls: openat2 openat mkdirat write
Status op_make_file(InitContext &context, const make_file_args &args) {
  if (args.path == nullptr) return Error{EINVAL, "open", "no path"};
  auto place = place_in_root(context.root.get(), args.path);
  if (!place) return place.error();
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const unique_fd file(::openat(place.value().directory.get(), place.value().name, kFlags, args.mode));
  if (!file) return errno == EEXIST ? Status() : Status(last_error("open", args.path));
  if (args.content == nullptr) return {};
  return sys::write_all(file.get(), args.content, args.path);
}

}  // namespace sampan
