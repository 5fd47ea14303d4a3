// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tree_remove.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "addon/helper/root_path.h"
#include "addon/helper/tree_walk.h"
#include "addon/sys/unique_fd.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

namespace sampan {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr mode_t kOwnerOnly = 0700;

// Makes a directory enterable without ever following a symlink that took its place: fchmodat2(2), Linux 6.6, or the
// O_PATH descriptor's name in /proc.
bool open_up(int parent, const char *name) {
  if (syscall(SYS_fchmodat2, parent, name, kOwnerOnly, AT_SYMLINK_NOFOLLOW) == 0) return true;
  if (errno != ENOSYS && errno != EOPNOTSUPP) return false;
  const unique_fd directory(openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return false;
  const std::string path = "/proc/self/fd/" + std::to_string(directory.get());
  return chmod(path.c_str(), kOwnerOnly) == 0;
}

class Remover : public TreeVisitor {
 public:
  Status visit(int directory, const char *name, ino_t) override { return unlink_in(directory, name, 0); }
  Status enter(int) override { return {}; }
  Status leave(int parent, const char *name) override { return unlink_in(parent, name, AT_REMOVEDIR); }
  bool open_failed(int parent, const char *name, int error) override {
    if (error != EACCES) return false;
    // It may be the parent that cannot be searched. (EBADF for the one above the top, which stays as it is.)
    (void)!fchmod(parent, kOwnerOnly);
    return open_up(parent, name);
  }

 private:
  static Status unlink_in(int directory, const char *name, int flags) {
    if (unlinkat(directory, name, flags) == 0 || errno == ENOENT) return {};
    const int first = errno;
    // The directory itself may forbid it to its owner.
    if (first == EACCES && fchmod(directory, kOwnerOnly) == 0 && unlinkat(directory, name, flags) == 0) return {};
    return Error{first, "unlinkat"};
  }
};

Status remove_content(int directory, const char *name) {
  Remover remover;
  auto open = [&] { return open_beneath(directory, name, kDirectoryFlags, Crossing::same_mount); };
  auto opened = open();
  if (!opened && remover.open_failed(directory, name, opened.error().number)) opened = open();
  if (!opened) return Error{opened.error().number, "openat2"};
  return TreeWalk(remover).run(opened.take());
}

}  // namespace

Status remove_tree_at(int directory, const char *name) {
  if (unlinkat(directory, name, 0) == 0 || errno == ENOENT) return {};
  // unlink(2) of a directory is EISDIR on Linux, EPERM by POSIX.
  if (errno != EISDIR && errno != EPERM) return last_error("unlinkat");
  Status emptied = remove_content(directory, name);
  if (!emptied) return emptied;
  if (unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  return last_error("unlinkat");
}

}  // namespace sampan
