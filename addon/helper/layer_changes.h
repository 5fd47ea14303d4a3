// SPDX-License-Identifier: Apache-2.0
// What the upper directory of an overlay says about the tree below it, in the words of docker's `diff`: added, changed,
// deleted.
//
// How this works: the upper directory is walked, and for every directory that both have, the one below is kept open
// beside it. overlayfs copies a directory up for a change below it, so a directory counts as changed when its mode or
// owner differs, or when something below it is reported; it is reported before that. A deletion is a character device
// 0:0 or, in directories that say so, an empty file with an attribute (Linux 6.7); an opaque directory deletes whatever
// the one below has and it has not. A mark about something that is not below is no change.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "addon/helper/tar_pack.h"
#include "addon/helper/tree_walk.h"

namespace sampan {

enum class ChangeKind : char { added = 'A', changed = 'C', deleted = 'D' };

class ChangeSink {
 public:
  ChangeSink() = default;
  ChangeSink(const ChangeSink &) = delete;
  ChangeSink &operator=(const ChangeSink &) = delete;
  virtual ~ChangeSink() = default;

  virtual Status file(int directory, const char *name, const std::string &path, ChangeKind kind) = 0;
  virtual Status directory(int fd, const std::string &path, ChangeKind kind) = 0;
  virtual Status deleted(const std::string &path) = 0;
  // Before what it says about the directory's names, which deleted() is told too.
  virtual Status opaque(const std::string &path) = 0;
};

class LayerChanges : public TreeVisitor {
 public:
  // `lower` is borrowed, -1 when nothing is below. `ignored` are paths that the engine makes itself, without a slash
  // at the beginning: files of that name when they are empty, directories as long as nothing else is in them.
  LayerChanges(int lower, const std::vector<std::string> &ignored, ChangeSink &sink);

  Status visit(int directory, const char *name, ino_t inode) override;
  void entering(const char *name) override;
  Status enter(int fd) override;
  Status leave(int parent, const char *name) override;
  bool open_failed(int, const char *, int) override { return false; }

 private:
  struct Level {
    unique_fd upper;  // for a report that comes later
    unique_fd lower;  // what is below, if it is a directory
    ChangeKind kind = ChangeKind::changed;
    bool merged = true;  // what is below shows through
    bool reported = false;
    bool marks_by_attribute = false;
  };

  Status report_parents();
  Status report_hidden(const Level &level, int upper);
  Status delete_name(const char *name);
  bool is_below(const char *name) const;
  bool is_mark(int directory, const char *name, const struct stat &status) const;

  int lower_;
  std::unordered_set<std::string> ignored_;
  ChangeSink &sink_;
  PathStack path_;
  std::string next_;  // of the directory that is entered next
  std::vector<Level> levels_;
};

}  // namespace sampan
