// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_root.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "addon/helper/root_path.h"
#include "addon/helper/tar_path.h"
#include "addon/helper/tar_subject.h"
#include "addon/helper/tar_whiteout.h"
#include "addon/sys/file.h"

namespace sampan {
namespace {

constexpr int kDirectoryFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t kMissingDirectoryMode = 0755;

Result<unique_fd> open_directory(int start, const std::string &path, Symlinks symlinks) {
  auto opened = symlinks == Symlinks::refused ? open_beneath(start, path.c_str(), kDirectoryFlags, Crossing::any_mount)
                                              : open_in_root(start, path.c_str(), kDirectoryFlags);
  if (opened) return opened;
  // The caller names the whole path.
  Error error = opened.error();
  error.subject.clear();
  return error;
}

Result<unique_fd> duplicate(int fd) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return last_error("fcntl");
  return unique_fd(copy);
}

// The longest beginning of a path that one system call takes, cut between components.
std::string_view take_piece(std::string_view &rest) {
  std::string_view piece = rest;
  if (piece.size() >= PATH_MAX) {
    const size_t slash = rest.rfind('/', PATH_MAX - 1);
    piece = rest.substr(0, slash);
  }
  rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
  return piece;
}

}  // namespace

// It cannot go stale: an entry replaces only what lies directly in the directory that was opened last.
Status TarRoot::remember(std::string_view path, unique_fd directory) {
  Status settled = last_ ? tally_.settle(last_.get()) : Status();
  last_ = std::move(directory);
  last_path_ = path;
  return settled;
}

Status TarRoot::settle() {
  if (last_) {
    if (auto settled = tally_.settle(last_.get()); !settled) return settled;
  }
  return tally_.settle(root_.get());
}

// What remains of the path below the directory that is kept open; the whole path when it is not below it.
std::string_view TarRoot::rest_below_last(std::string_view path) const {
  if (!last_ || !path.starts_with(last_path_)) return path;
  if (path.size() == last_path_.size()) return {};
  return path[last_path_.size()] == '/' ? path.substr(last_path_.size() + 1) : path;
}

Result<unique_fd> TarRoot::open_below(int start, std::string_view path, Symlinks symlinks) const {
  Result<unique_fd> current = open_directory(start, std::string(take_piece(path)), symlinks);
  while (current && !path.empty()) {
    current = open_directory(current.value().get(), std::string(take_piece(path)), Symlinks::refused);
  }
  return current;
}

Result<unique_fd> TarRoot::find_directory(std::string_view path) const {
  if (path.empty()) return duplicate(root_.get());
  return open_below(root_.get(), path, Symlinks::in_root);
}

Result<int> TarRoot::make_directory(std::string_view path) {
  if (path.empty()) return root_.get();
  const std::string_view rest = rest_below_last(path);
  if (rest.empty()) return last_.get();
  const bool from_last = rest.size() < path.size();
  Result<unique_fd> opened = from_last ? open_below(last_.get(), rest, Symlinks::refused) : find_directory(path);
  if (!opened) opened = make_path(path);
  if (!opened) return opened.error();
  if (auto remembered = remember(path, opened.take()); !remembered) return remembered.error();
  return last_.get();
}

// Component by component, from the directory that is kept open when the path is below it.
Result<unique_fd> TarRoot::make_path(std::string_view path) {
  std::string_view rest = rest_below_last(path);
  Result<unique_fd> current = duplicate(rest.size() < path.size() ? last_.get() : root_.get());
  while (current && !rest.empty()) {
    const std::string_view component = take_component(rest);
    const std::string_view so_far = path.substr(0, path.size() - rest.size() - (rest.empty() ? 0 : 1));
    current = make_component(current.value().get(), so_far, component);
  }
  return current;
}

Result<unique_fd> TarRoot::make_component(int parent, std::string_view path, std::string_view component) {
  const std::string name(component);
  Result<unique_fd> existing = open_directory(parent, name, Symlinks::refused);
  if (existing) return existing;
  const int reason = existing.error().number;
  if (reason != ENOENT && reason != ENOTDIR && reason != ELOOP) return existing.error();
  bool opaque = false;
  if (reason != ENOENT) {
    struct stat status = {};
    if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return last_error("fstatat", clip_path(path));
    if (S_ISLNK(status.st_mode)) {
      Result<unique_fd> target = find_directory(path);
      if (target) return target;
      Error error = target.error();
      error.subject = clip_path(path) + " (a symbolic link)";
      return error;
    }
    opaque = is_overlay_whiteout(status);
    if (!opaque) return Error{ENOTDIR, "openat2", clip_path(path)};
    tally_.forget();
    if (unlinkat(parent, name.c_str(), 0) < 0) return last_error("unlinkat", clip_path(path));
  }
  if (mkdirat(parent, name.c_str(), kMissingDirectoryMode) < 0) return last_error("mkdirat", clip_path(path));
  ++made_;
  if (auto settled = tally_.settle(parent); !settled) return settled.error();
  return open_made(parent, name, opaque);
}

Result<unique_fd> TarRoot::open_made(int parent, const std::string &name, bool opaque) {
  if (opaque) {
    if (auto marked = mark_opaque(parent, name.c_str()); !marked) return marked.error();
  }
  Result<unique_fd> opened = open_directory(parent, name, Symlinks::refused);
  if (!opened) return opened;
  struct stat status = {};
  if (fstat(opened.value().get(), &status) < 0) return last_error("fstat");
  tally_.directory(status, std::nullopt);
  return opened;
}

}  // namespace sampan
