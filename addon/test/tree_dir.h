// SPDX-License-Identifier: Apache-2.0
// A temporary directory for tests that make whole trees below it, and a user namespace for what needs one.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "addon/helper/tree_remove.h"
#include "addon/sys/file.h"
#include "addon/sys/unique_fd.h"
#include "addon/test/namespace_root.h"

namespace sampan {

class TreeDir {
 public:
  TreeDir() {
    const char *base = getenv("TMPDIR");
    path_ = std::string(base == nullptr ? "/tmp" : base) + "/sampan-tree-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) abort();
    fd_.reset(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  TreeDir(const TreeDir &) = delete;
  TreeDir &operator=(const TreeDir &) = delete;
  ~TreeDir() {
    const size_t slash = path_.rfind('/');
    const unique_fd parent(open(path_.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    (void)remove_tree_at(parent.get(), path_.c_str() + slash + 1).ok();
  }

  int fd() const { return fd_.get(); }
  const std::string &path() const { return path_; }

  void make_directory(const std::string &name, mode_t mode = 0755) const {
    if (mkdirat(fd(), name.c_str(), mode) < 0) abort();
  }
  void write(const std::string &name, const std::string &text) const {
    const unique_fd file(openat(fd(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!sys::write_all(file.get(), text, name.c_str())) abort();
  }

  bool exists(const std::string &name) const { return status(name).st_nlink > 0; }
  // All zero when there is no such file.
  struct stat status(const std::string &name) const {
    struct stat result = {};
    if (fstatat(fd(), name.c_str(), &result, AT_SYMLINK_NOFOLLOW) < 0) result = {};
    return result;
  }
  mode_t mode(const std::string &name) const { return status(name).st_mode & 07777U; }
  bool is_whiteout(const std::string &name) const { return S_ISCHR(status(name).st_mode) && status(name).st_rdev == 0; }
  std::string read(const std::string &name) const {
    return sys::read_file(fd(), name.c_str(), size_t{1} << 20U).value();
  }
  std::string link(const std::string &name) const {
    char target[4096] = {};
    return readlinkat(fd(), name.c_str(), target, sizeof target - 1) < 0 ? "" : target;
  }
  // "" when it has no such attribute.
  std::string xattr(const std::string &name, const char *attribute) const {
    char value[256] = {};
    const ssize_t size = lgetxattr((path_ + "/" + name).c_str(), attribute, value, sizeof value);
    return size < 0 ? "" : std::string(value, static_cast<size_t>(size));
  }
  bool is_opaque(const std::string &name) const { return xattr(name, "user.overlay.opaque") == "y"; }

 private:
  std::string path_;
  unique_fd fd_;
};

// Runs the function in a child that is root of a user namespace with one id, with mounts of its own; gives its answer.
inline std::string in_user_namespace(const std::function<std::string()> &function) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) abort();
  const pid_t child = fork();
  if (child == 0) {
    const std::string answer = test::become_namespace_root(CLONE_NEWNS) ? function() : "no user namespace";
    (void)!::write(ends[1], answer.data(), answer.size());
    _exit(0);
  }
  close(ends[1]);
  const unique_fd end(ends[0]);
  std::string answer = sys::read_all(end.get(), 4096, "pipe").value();
  waitpid(child, nullptr, 0);
  return answer;
}

}  // namespace sampan
