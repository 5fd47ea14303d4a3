// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tree_usage.h"

#include <fcntl.h>

#include <unordered_set>
#include <utility>

#include "addon/helper/tree_walk.h"

namespace sampan {
namespace {

constexpr uint64_t kStatBlock = 512;  // stat(2): st_blocks counts these, whatever the file system

class Measurer : public TreeVisitor {
 public:
  Status visit(int directory, const char *name, ino_t) override {
    struct stat status = {};
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
      return errno == ENOENT ? Status() : Status(last_error("fstatat"));
    }
    // The walk stays on one mount, so that the inode number says which file it is.
    if (status.st_nlink > 1 && !linked_.insert(status.st_ino).second) return {};
    count(status);
    return {};
  }

  Status enter(int fd) override {
    struct stat status = {};
    if (fstat(fd, &status) < 0) return last_error("fstat");
    count(status);
    return {};
  }

  Status leave(int, const char *) override { return {}; }
  bool open_failed(int, const char *, int) override { return false; }

  const TreeUsage &usage() const { return usage_; }

 private:
  void count(const struct stat &status) {
    usage_.bytes += disk_bytes(status);
    ++usage_.inodes;
  }

  std::unordered_set<ino_t> linked_;
  TreeUsage usage_;
};

}  // namespace

uint64_t disk_bytes(const struct stat &status) { return static_cast<uint64_t>(status.st_blocks) * kStatBlock; }

Result<TreeUsage> measure_tree(unique_fd top) {
  Measurer measurer;
  Status walked = TreeWalk(measurer).run(std::move(top));
  if (!walked) return walked.error();
  return measurer.usage();
}

}  // namespace sampan
