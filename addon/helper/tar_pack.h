// SPDX-License-Identifier: Apache-2.0
// Packs a directory tree, sorted by name, so that an unchanged tree gives the same bytes.
#pragma once

#include <string>
#include <vector>

#include "addon/helper/tree_node.h"
#include "addon/helper/tree_walk.h"

namespace sampan {

// Follows a walk with the path of where it is.
class PathStack {
 public:
  // `top`: what the archive calls the top directory; "" leaves it without a name of its own.
  explicit PathStack(std::string top) : path_(std::move(top)) {}

  const std::string &path() const { return path_; }
  std::string of(const char *name) const { return path_.empty() ? name : path_ + "/" + name; }
  void push(const char *name) {
    lengths_.push_back(path_.size());
    path_ = of(name);
  }
  void pop() {
    path_.resize(lengths_.back());
    lengths_.pop_back();
  }

 private:
  std::string path_;
  std::vector<size_t> lengths_;
};

class TreePacker : public TreeVisitor {
 public:
  TreePacker(TreeNodeWriter &nodes, std::string top) : nodes_(nodes), path_(std::move(top)) {}

  Status visit(int directory, const char *name, ino_t) override {
    return nodes_.write(directory, name, path_.of(name));
  }
  void entering(const char *name) override { path_.push(name); }
  Status enter(int fd) override { return path_.path().empty() ? Status() : nodes_.write_directory(fd, path_.path()); }
  Result<bool> mount_point(int directory, const char *name) override {
    return nodes_.write_mount_point(directory, name, path_.of(name));
  }
  Status leave(int, const char *) override {
    path_.pop();
    return {};
  }
  bool open_failed(int, const char *, int) override { return false; }

 private:
  TreeNodeWriter &nodes_;
  PathStack path_;
};

}  // namespace sampan
