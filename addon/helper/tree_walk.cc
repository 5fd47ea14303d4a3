// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tree_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "addon/helper/root_path.h"
#include "addon/helper/tar_subject.h"
#include "addon/sys/file.h"

namespace sampan {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool is_dot(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

}  // namespace

TreeWalk::TreeWalk(TreeVisitor &visitor, TreeOrder order)
    : visitor_(visitor), order_(order), buffer_(new char[kBufferSize]) {}

Status TreeWalk::run(unique_fd top) {
  frames_.clear();
  Status status = enter(std::move(top), "");
  while (status && !frames_.empty()) {
    status = frames_.back().pending.empty() ? ascend() : descend();
  }
  return status;
}

std::string TreeWalk::path_of(const char *name) const {
  std::string path;
  for (const Frame &frame : frames_) {
    if (!frame.name.empty()) path += frame.name + "/";
  }
  return clip_path(path + name);
}

Status TreeWalk::located(Status status, const char *name) const {
  if (status || !status.error().subject.empty()) return status;
  Error error = status.error();
  error.subject = path_of(name);
  return error;
}

Status TreeWalk::enter(unique_fd fd, std::string name) {
  struct stat status = {};
  if (fstat(fd.get(), &status) < 0) return located(last_error("fstat"), name.c_str());
  if (frames_.size() >= kOpenAncestors) frames_[frames_.size() - kOpenAncestors].fd.reset();
  frames_.push_back({std::move(fd), status.st_dev, status.st_ino, std::move(name), {}});
  Status entered = located(visitor_.enter(frames_.back().fd.get()), "");
  return entered ? read_directory() : entered;
}

Status TreeWalk::descend() {
  const int parent = frames_.back().fd.get();
  std::string name = std::move(frames_.back().pending.back());
  frames_.back().pending.pop_back();
  auto open = [&] { return open_beneath(parent, name.c_str(), kDirectoryFlags, Crossing::same_mount); };
  auto opened = open();
  if (!opened && visitor_.open_failed(parent, name.c_str(), opened.error().number)) opened = open();
  // Removed by somebody else since it was listed.
  if (!opened && opened.error().number == ENOENT) return {};
  if (!opened && opened.error().number == EXDEV) {
    const auto enters = visitor_.mount_point(parent, name.c_str());
    if (!enters) return located(enters.error(), name.c_str());
    if (!enters.value()) return {};
    opened = open_beneath(parent, name.c_str(), kDirectoryFlags, Crossing::any_mount);
  }
  if (!opened) return Error{opened.error().number, "openat2", path_of(name.c_str())};
  visitor_.entering(name.c_str());
  return enter(opened.take(), std::move(name));
}

Status TreeWalk::ascend() {
  if (frames_.size() == 1) {
    frames_.clear();
    return {};
  }
  Status reopened = reopen_parent();
  if (!reopened) return reopened;
  const std::string name = std::move(frames_.back().name);
  frames_.pop_back();
  return located(visitor_.leave(frames_.back().fd.get(), name.c_str()), name.c_str());
}

Status TreeWalk::reopen_parent() {
  Frame &parent = frames_[frames_.size() - 2];
  if (parent.fd) return {};
  unique_fd fd(openat(frames_.back().fd.get(), "..", kDirectoryFlags));
  if (!fd) return located(last_error("openat"), "..");
  struct stat status = {};
  if (fstat(fd.get(), &status) < 0) return located(last_error("fstat"), "..");
  // Somebody moved the directory while it was walked: what lies above it now is none of our business.
  if (status.st_dev != parent.device || status.st_ino != parent.inode) return located(Error{ESTALE, "openat"}, "..");
  parent.fd = std::move(fd);
  return {};
}

Status TreeWalk::read_directory() {
  const int fd = frames_.back().fd.get();
  std::vector<Item> items;
  for (;;) {
    // getdents64(2) itself: readdir(3) would allocate a stream for every directory.
    const long got = syscall(SYS_getdents64, fd, buffer_.get(), kBufferSize);
    if (got < 0) return located(last_error("getdents64"), "");
    if (got == 0) return visit_sorted(std::move(items));
    for (long at = 0; at < got;) {
      const auto *item = reinterpret_cast<const struct dirent64 *>(buffer_.get() + at);
      at += item->d_reclen;
      if (is_dot(item->d_name)) continue;
      if (order_ == TreeOrder::by_name) {
        items.push_back({item->d_name, item->d_ino, item->d_type});
        continue;
      }
      Status visited = visit_item(item->d_name, item->d_ino, item->d_type);
      if (!visited) return located(visited, item->d_name);
    }
  }
}

Status TreeWalk::visit_sorted(std::vector<Item> items) {
  std::sort(items.begin(), items.end(), [](const Item &a, const Item &b) { return a.name < b.name; });
  for (const Item &item : items) {
    Status visited = visit_item(item.name.c_str(), item.inode, item.type);
    if (!visited) return located(visited, item.name.c_str());
  }
  if (order_ == TreeOrder::by_name) std::reverse(frames_.back().pending.begin(), frames_.back().pending.end());
  return {};
}

Status TreeWalk::visit_item(const char *name, ino_t inode, unsigned char type) {
  Frame &frame = frames_.back();
  if (type == DT_UNKNOWN) {
    struct stat status = {};
    if (fstatat(frame.fd.get(), name, &status, AT_SYMLINK_NOFOLLOW) < 0) return last_error("fstatat");
    if (S_ISDIR(status.st_mode)) type = DT_DIR;
  }
  if (type == DT_DIR) {
    frame.pending.emplace_back(name);
    return {};
  }
  return visitor_.visit(frame.fd.get(), name, inode);
}

}  // namespace sampan
