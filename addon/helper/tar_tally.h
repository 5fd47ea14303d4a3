// SPDX-License-Identifier: Apache-2.0
// What unpacking has made, counted from the status of each file that it looks at anyway, and the times that directories
// get back after entries have changed them.
//
// How this works: a directory is settled when nothing is put into it for now: its growth is counted and its time set.
// That may happen several times, and the last one counts. Directories are known by device and inode number, so that
// neither symlinks nor other ways to the same directory mislead it. What a file takes on disk is final at once on a few
// file systems, and for small files on some more; the names of other files are kept, to look again after a sync. When
// something was removed, or there are too many names, nobody knows any more, and the tree has to be walked.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "addon/helper/tree_usage.h"
#include "addon/sys/result.h"

namespace sampan {

class TarTally {
 public:
  // For a root without content. Otherwise nothing is counted.
  void start_counting(int root);

  // A new inode that is no directory; `path` leads to it.
  void made(const struct stat &status, std::string_view path);

  // A directory that was made, or was there and is in the archive; `mtime`: what the archive says.
  void directory(const struct stat &status, std::optional<struct timespec> mtime);

  // To be called after the last change of a directory.
  Status settle(int directory);

  // Something that was counted may be gone.
  void forget() { counting_ = false; }

  // Names that wait for a sync, each followed by NUL; give it their status then.
  const std::string &waiting() const { return waiting_; }
  void made_before(const struct stat &status) { count(status); }

  // Of everything below the root and the root itself; absent: nobody knows.
  std::optional<TreeUsage> usage() const { return counting_ ? std::optional(usage_) : std::nullopt; }

 private:
  struct Inode {
    dev_t device;
    ino_t number;
    bool operator==(const Inode &) const = default;
  };
  struct HashInode {
    size_t operator()(const Inode &inode) const { return std::hash<ino_t>()(inode.number ^ inode.device); }
  };
  struct Directory {
    uint64_t counted = 0;
    std::optional<struct timespec> mtime;
  };

  static Inode inode_of(const struct stat &status) { return {status.st_dev, status.st_ino}; }
  void count(const struct stat &status);
  void count_growth(Directory &directory, const struct stat &status);

  bool counting_ = false;
  uint64_t final_size_ = 0;  // of a file whose usage is final at once
  TreeUsage usage_;
  std::string waiting_;
  std::unordered_map<Inode, Directory, HashInode> directories_;
};

}  // namespace sampan
