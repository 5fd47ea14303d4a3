// SPDX-License-Identifier: Apache-2.0
// Unpacks a tar stream into a directory, as an overlay layer or as a plain root file system.
//
// How this works: entry by entry, each below the directory whatever its name (tar_root.h). What an entry finds in its
// way is replaced, a directory by a directory keeps its content. Whiteouts speak about the layers below only: what this
// layer itself brings under that name stays, in whichever order they come, and a directory of that name becomes opaque.
// Devices and attributes that an image must not bring are left out and counted. The times of a directory are set when
// the archive goes on to another one, because every entry changes those of its parent (tar_tally.h). Nothing is undone
// on an error: the caller removes the tree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "addon/helper/tar_metadata.h"
#include "addon/helper/tar_reader.h"
#include "addon/helper/tar_root.h"
#include "addon/helper/tar_tally.h"
#include "addon/sys/result.h"

namespace sampan {

struct UnpackOptions {
  MetadataOptions metadata;
  bool plain_rootfs = false;  // .wh. names are ordinary names
  // The directory is somebody's, with content: EISDIR or ENOTDIR instead of a directory in the place of something else
  // or the reverse.
  bool into_existing = false;
};

struct UnpackCounts {
  uint64_t entries = 0;
  uint64_t bytes = 0;   // of file content
  uint64_t inodes = 0;  // that were made
  uint64_t devices_skipped = 0;
  uint64_t xattrs_skipped = 0;
};

class TarUnpacker {
 public:
  TarUnpacker(TarReader &reader, unique_fd directory, const UnpackOptions &options)
      : reader_(reader), root_(std::move(directory), tally_), options_(options) {}

  // Errors name the entry; EBADMSG and EOPNOTSUPP of TarReader say what is wrong with the archive.
  Status run();
  UnpackCounts counts() const;

  // Of the whole tree, after it was synced; absent: it has to be measured.
  std::optional<TreeUsage> usage();

 private:
  // Where an entry goes; the descriptor is borrowed from root_.
  struct Place {
    int parent = -1;
    std::string name;
  };

  Status unpack(const TarEntry &entry);
  Status unpack_at(const Place &place, const std::string &path, const TarEntry &entry);
  Status unpack_root(const TarEntry &entry);
  Status unpack_file(const Place &place, const std::string &path, const TarEntry &entry);
  Status write_data(int file, const TarEntry &entry);
  Status unpack_directory(const Place &place, const std::string &path, const TarEntry &entry);
  Status finish_directory(int directory, const TarEntry &entry);
  Status unpack_symlink(const Place &place, const TarEntry &entry);
  Status unpack_fifo(const Place &place, const TarEntry &entry);
  Status finish_at(const Place &place, const TarEntry &entry);
  Status unpack_hard_link(const Place &place, const std::string &path, const TarEntry &entry);
  Status link_to(int target_parent, const std::string &target, const Place &place);
  Status hide_name(const std::string &path, std::string_view hidden);
  Status hide_lower_content(const std::string &path);
  Status skip_device(std::string path);
  Status check_kind(const Place &place, TarType type) const;
  Status remove_at(const Place &place);
  bool count_waiting(std::string_view path);

  TarReader &reader_;
  TarTally tally_;
  TarRoot root_;
  UnpackOptions options_;
  UnpackCounts counts_;
  bool reading_failed_ = false;                      // the archive is to blame, and its reader has named the entry
  std::unordered_set<std::string> skipped_devices_;  // hard links to them are left out too
};

}  // namespace sampan
