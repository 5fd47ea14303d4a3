// SPDX-License-Identifier: Apache-2.0
// tree_usage: what a directory tree takes on disk, itself included, counted like du(1).
#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <unordered_set>

#include "addon/helper/ops/ops.h"
#include "addon/helper/tree_walk.h"

namespace sampan {
namespace {

constexpr uint64_t kStatBlock = 512;  // stat(2): st_blocks counts these, whatever the file system

class Usage : public TreeVisitor {
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

  uint64_t bytes() const { return bytes_; }
  uint64_t inodes() const { return inodes_; }

 private:
  void count(const struct stat &status) {
    bytes_ += static_cast<uint64_t>(status.st_blocks) * kStatBlock;
    ++inodes_;
  }

  std::unordered_set<ino_t> linked_;
  uint64_t bytes_ = 0;
  uint64_t inodes_ = 0;
};

}  // namespace

// #syscalls: openat openat2 fstat newfstatat getdents64
Status op_tree_usage(InitContext &context, const tree_usage_args &args) {
  const std::string path = args.source == nullptr ? "" : args.source;
  const std::string key = args.key == nullptr ? "" : args.key;
  unique_fd top(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Removed since it was listed.
  if (!top && errno == ENOENT && args.key != nullptr) return {};
  if (!top) return last_error("open", path);
  Usage usage;
  Status walked = TreeWalk(usage).run(std::move(top));
  if (!walked) {
    Error error = walked.error();
    error.subject = path + "/" + error.subject;
    return error;
  }
  context.add_result("bytes" + key, usage.bytes());
  context.add_result("inodes" + key, usage.inodes());
  return {};
}

}  // namespace sampan
