// SPDX-License-Identifier: Apache-2.0
// How the walk works: it goes component by component on O_PATH descriptors and keeps the way it came as a stack, so
// that ".." is a pop that ends at the root, and a symlink's text is put in front of what is left of the path. The
// kernel is never asked to follow anything. It is used where something may have to be made, and where openat2(2) is
// refused by a system call filter.
#include "addon/helper/root_path.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "addon/sys/file.h"

namespace sampan {

namespace {

constexpr int kMaxSymlinks = 40;  // as the kernel, path_resolution(7)
constexpr int kMaxRetries = 64;
constexpr mode_t kDirectoryMode = 0755;

class Walk {
 public:
  Walk(int root, std::string_view path, Missing missing, mode_t mode)
      : root_(root), rest_(path), missing_(missing), mode_(mode) {}

  Result<unique_fd> run() {
    for (;;) {
      const std::string name = next();
      if (name.empty()) break;
      if (auto stepped = step(name); !stepped) return stepped.error();
    }
    if (file_) return std::move(file_);
    unique_fd here(::fcntl(current(), F_DUPFD_CLOEXEC, 3));
    if (!here) return last_error("fcntl");
    return here;
  }

 private:
  int current() const { return way_.empty() ? root_ : way_.back().get(); }

  // Takes the next component off rest_; empty at the end.
  std::string next() {
    const size_t start = rest_.find_first_not_of('/');
    if (start == std::string::npos) return {};
    const size_t end = std::min(rest_.find('/', start), rest_.size());
    std::string name = rest_.substr(start, end - start);
    rest_.erase(0, end);
    return name;
  }

  bool at_end() const { return rest_.find_first_not_of('/') == std::string::npos; }

  Status step(const std::string &name) {
    if (file_) return Error{ENOTDIR, "open", name};
    if (name == ".") return {};
    if (name == "..") {
      if (!way_.empty()) way_.pop_back();
      return {};
    }
    auto opened = open_or_make(name);
    if (!opened) return opened.error();
    struct stat info {};
    if (::fstat(opened.value().get(), &info) != 0) return last_error("fstat", name);
    if (S_ISLNK(info.st_mode)) return follow(opened.value().get(), name);
    if (S_ISDIR(info.st_mode)) {
      way_.push_back(opened.take());
    } else {
      file_ = opened.take();
    }
    return {};
  }

  Result<unique_fd> open_or_make(const std::string &name) {
    constexpr int kFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    unique_fd opened(::openat(current(), name.c_str(), kFlags));
    if (opened) return opened;
    if (errno != ENOENT || missing_ == Missing::fail) return last_error("open", name);
    const bool last = at_end();
    if (last && missing_ == Missing::make_file) {
      const unique_fd made(::openat(current(), name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode_));
      if (!made && errno != EEXIST) return last_error("open", name);
    } else if (::mkdirat(current(), name.c_str(), last ? mode_ : kDirectoryMode) != 0 && errno != EEXIST) {
      return last_error("mkdir", name);
    }
    opened.reset(::openat(current(), name.c_str(), kFlags));
    if (!opened) return last_error("open", name);
    return opened;
  }

  Status follow(int link, const std::string &name) {
    if (++symlinks_ > kMaxSymlinks) return Error{ELOOP, "open", name};
    char target[PATH_MAX];
    const ssize_t size = ::readlinkat(link, "", target, sizeof target);
    if (size < 0) return last_error("readlink", name);
    if (static_cast<size_t>(size) >= sizeof target) return Error{ENAMETOOLONG, "readlink", name};
    if (size > 0 && target[0] == '/') way_.clear();
    rest_.insert(0, target, static_cast<size_t>(size));
    return {};
  }

  int root_;
  std::string rest_;
  Missing missing_;
  mode_t mode_;
  int symlinks_ = 0;
  std::vector<unique_fd> way_;
  unique_fd file_;
};

// The error names the whole path, not the component.
Result<unique_fd> walk(int root, const char *path, Missing missing, mode_t mode) {
  auto reached = Walk(root, path, missing, mode).run();
  if (reached) return reached;
  Error error = reached.error();
  error.subject = path;
  return error;
}

Error no_root(const char *path) { return Error{EINVAL, "no root yet", path}; }

int try_openat2(int root, const char *path, int flags,
                uint64_t resolve = sys::kResolveInRoot | sys::kResolveNoMagiclinks) {
  const sys::OpenHow how{
      .flags = static_cast<uint64_t>(static_cast<unsigned>(flags | O_CLOEXEC)), .mode = 0, .resolve = resolve};
  // openat2(2): EAGAIN when a rename or mount elsewhere raced with a ".." of ours.
  for (int attempt = 0;; ++attempt) {
    const int fd = sys::openat2(root, path, how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || attempt == kMaxRetries) return fd;
  }
}

// A filter of an outer container that does not know openat2(2) answers with one of these.
bool is_refused(int number) { return number == ENOSYS || number == EPERM; }

// statx(2) STATX_MNT_ID, Linux 5.8: a bind mount of the same file system has the same st_dev.
bool same_mount(int first, int second) {
  struct statx a {};
  struct statx b {};
  return ::statx(first, "", AT_EMPTY_PATH, STATX_MNT_ID, &a) == 0 &&
         ::statx(second, "", AT_EMPTY_PATH, STATX_MNT_ID, &b) == 0 && a.stx_mnt_id == b.stx_mnt_id;
}

bool is_directory(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

// One component at a time: O_NOFOLLOW is about the last one only.
Result<unique_fd> walk_beneath(int start, std::string_view rest, int flags) {
  unique_fd current;
  int from = start;
  while (!rest.empty()) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    const std::string name(rest.substr(0, slash));
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (name.empty()) continue;
    if (name == "..") return Error{EXDEV, "openat", name};
    const bool last = rest.find_first_not_of('/') == std::string_view::npos;
    unique_fd next(::openat(from, name.c_str(), (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return last_error("openat", name);
    current = std::move(next);
    from = current.get();
  }
  return current;
}

}  // namespace

Result<unique_fd> open_in_root(int root, const char *path, int flags) {
  if (root < 0) return no_root(path);
  unique_fd opened(try_openat2(root, path, flags));
  if (opened) return opened;
  if (!is_refused(errno)) return last_error("openat2", path);
  auto reached = walk(root, path, Missing::fail, 0);
  if (!reached) return reached;
  if ((flags & O_DIRECTORY) != 0 && !is_directory(reached.value().get())) return Error{ENOTDIR, "open", path};
  if ((flags & O_PATH) != 0) return reached;
  // Reopening what the walk has found; the link of our own descriptor cannot lead elsewhere.
  const std::string self = "/proc/self/fd/" + std::to_string(reached.value().get());
  unique_fd reopened(::open(self.c_str(), (flags & ~O_NOFOLLOW) | O_CLOEXEC));
  if (!reopened) return last_error("open", path);
  return reopened;
}

Result<unique_fd> open_beneath(int start, const char *path, int flags, Crossing crossing) {
  const uint64_t no_other_mount = crossing == Crossing::same_mount ? sys::kResolveNoXdev : 0;
  unique_fd opened(try_openat2(start, path, flags, sys::kResolveBeneath | sys::kResolveNoSymlinks | no_other_mount));
  if (opened) return opened;
  if (!is_refused(errno)) return last_error("openat2", path);
  auto walked = walk_beneath(start, path, flags);
  if (!walked || crossing == Crossing::any_mount || same_mount(start, walked.value().get())) return walked;
  return Error{EXDEV, "openat", path};
}

Result<unique_fd> reach_in_root(int root, const char *path, Missing missing, mode_t mode) {
  if (root < 0) return no_root(path);
  unique_fd opened(try_openat2(root, path, O_PATH));
  if (opened) return opened;
  if (errno != ENOENT && !is_refused(errno)) return last_error("openat2", path);
  return walk(root, path, missing, mode);
}

Result<Place> place_in_root(int root, const char *path) {
  const char *slash = std::strrchr(path, '/');
  const char *name = slash == nullptr ? path : slash + 1;
  const std::string_view last(name);
  if (last.empty() || last == "." || last == "..") return Error{EINVAL, "path", path};
  const std::string parent(path, static_cast<size_t>(name - path));
  auto directory = reach_in_root(root, parent.empty() ? "/" : parent.c_str(), Missing::make_directory, kDirectoryMode);
  if (!directory) return directory.error();
  return Place{directory.take(), name};
}

}  // namespace sampan
