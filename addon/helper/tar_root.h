// SPDX-License-Identifier: Apache-2.0
// The directory that a layer is unpacked into, and the only way to directories below it.
//
// How this works: names come cleaned (tar_path.h), so only symlinks that the archive made can lead anywhere else; they
// are resolved by openat2(2) with RESOLVE_IN_ROOT, that is inside this directory. A path over PATH_MAX is opened in
// pieces; symlinks are refused in all pieces but the first, because a piece's start is not the root. Archives are
// ordered by directory, so the last one is kept open and paths below it are resolved from there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "addon/helper/tar_tally.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// Whether a path may lead through symlinks, which are then resolved inside the root.
enum class Symlinks { refused, in_root };

class TarRoot {
 public:
  // The tally hears of directories that are made here, and of those that are left.
  TarRoot(unique_fd root, TarTally &tally) : root_(std::move(root)), tally_(tally) {}

  int fd() const { return root_.get(); }

  // A borrowed O_PATH descriptor of a directory, valid until the next call. Missing directories are made, mode 0755;
  // whiteouts that an earlier entry left in the way give way to an opaque directory.
  Result<int> make_directory(std::string_view path);

  // The same for a directory that must exist. Errors have no subject.
  Result<unique_fd> find_directory(std::string_view path) const;

  // The directory was just made or found at `path`; what follows in the archive is probably its content.
  Status remember(std::string_view path, unique_fd directory);

  // After the last entry.
  Status settle();

  uint64_t directories_made() const { return made_; }

 private:
  Result<unique_fd> open_below(int start, std::string_view path, Symlinks symlinks) const;
  Result<unique_fd> make_path(std::string_view path);
  Result<unique_fd> make_component(int parent, std::string_view path, std::string_view component);
  Result<unique_fd> open_made(int parent, const std::string &name, bool opaque);
  std::string_view rest_below_last(std::string_view path) const;

  unique_fd root_;
  TarTally &tally_;
  unique_fd last_;
  std::string last_path_;
  uint64_t made_ = 0;
};

}  // namespace sampan
