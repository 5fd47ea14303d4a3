// SPDX-License-Identifier: Apache-2.0
// Visits a directory tree by descriptors: no recursion, no limit on depth or on the length of paths, symlinks never
// followed, mount points crossed only where the visitor says so.
//
// How this works: a directory is read to its end when it is entered, its non-directories are visited at once (sorted by
// name where the order counts), the names of its subdirectories are kept for later. Only the descriptors of the last
// kOpenAncestors directories stay open; an older one is opened again through ".." and must still be the same directory.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

class TreeVisitor {
 public:
  TreeVisitor() = default;
  TreeVisitor(const TreeVisitor &) = delete;
  TreeVisitor &operator=(const TreeVisitor &) = delete;
  virtual ~TreeVisitor() = default;

  // Something that is not a directory; `inode` as the directory lists it.
  virtual Status visit(int directory, const char *name, ino_t inode) = 0;
  // The name of a directory that enter() will be called for next; not for the top directory.
  virtual void entering(const char *) {}
  // A directory that is the mount point of something else: true to enter what is mounted there all the same.
  virtual Result<bool> mount_point(int, const char *) { return Error{EXDEV, "openat2"}; }
  // A directory before its content is read. (The top directory too.)
  virtual Status enter(int fd) = 0;
  // A directory after everything below it; not for the top directory.
  virtual Status leave(int parent, const char *name) = 0;
  // An errno met while a directory was opened: true when it was put right and the open is worth another try.
  virtual bool open_failed(int parent, const char *name, int error) = 0;
};

// as_listed: whatever the file system says, without keeping names; by_name: the same tree is visited in the same order.
enum class TreeOrder { as_listed, by_name };

class TreeWalk {
 public:
  explicit TreeWalk(TreeVisitor &visitor, TreeOrder order = TreeOrder::as_listed);

  // Errors carry the path below the top directory as their subject, when they have none.
  Status run(unique_fd top);

 private:
  struct Frame {
    unique_fd fd;
    dev_t device = 0;
    ino_t inode = 0;
    std::string name;
    std::vector<std::string> pending;  // subdirectories still to be entered
  };
  struct Item {
    std::string name;
    ino_t inode = 0;
    unsigned char type = 0;
  };

  Status enter(unique_fd fd, std::string name);
  Status descend();
  Status ascend();
  Status read_directory();
  Status visit_item(const char *name, ino_t inode, unsigned char type);
  Status visit_sorted(std::vector<Item> items);
  Status reopen_parent();
  std::string path_of(const char *name) const;
  Status located(Status status, const char *name) const;

  static constexpr size_t kOpenAncestors = 64;
  static constexpr size_t kBufferSize = size_t{64} * 1024;

  TreeVisitor &visitor_;
  TreeOrder order_;
  std::vector<Frame> frames_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace sampan
