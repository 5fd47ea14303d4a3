// SPDX-License-Identifier: Apache-2.0
// One file of a tree that somebody may be changing meanwhile, as a member of a tar.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "addon/helper/tar_writer.h"
#include "addon/sys/result.h"

namespace sampan {

struct PackOptions {
  bool root_owned = false;    // every owner becomes 0:0
  bool other_owner = false;   // the files will be somebody else's: no setuid and setgid bits, no capabilities
  bool cross_mounts = false;  // what is mounted below comes too, but for the kernel's own file systems
  bool nanoseconds = false;   // times in full: whole seconds are what docker writes, and need no pax record
};

struct PackCounts {
  uint64_t entries = 0;
  uint64_t bytes = 0;            // of file content
  uint64_t sockets_skipped = 0;  // they mean something to a running program only
  uint64_t mounts_skipped = 0;   // directories that something else is mounted on: written empty
  uint64_t changed = 0;          // files that became shorter or something else while they were read
};

class TreeNodeWriter {
 public:
  TreeNodeWriter(TarWriter &tar, const PackOptions &options) : tar_(tar), options_(options) {}

  // What is not a directory. A hard link refers to the path under which the file was written first.
  Status write(int directory, const char *name, const std::string &path);
  // A regular file that is open already.
  Status write_open_file(int file, const std::string &path);
  // An open directory; `path` is without the slash at its end.
  Status write_directory(int directory, const std::string &path);
  // A mount point: false when it was written as an empty directory, true when it is to be entered.
  Result<bool> write_mount_point(int directory, const char *name, const std::string &path);
  // An empty file, as whiteouts of OCI layers are.
  Status write_marker(const std::string &path);

  const PackCounts &counts() const { return counts_; }

 private:
  TarMember member_of(const struct stat &status, const std::string &path) const;
  Status write_file(int directory, const char *name, const std::string &path, const struct stat &listed);
  Status write_content(int file, uint64_t size);
  Status leave_out(const struct stat &listed);
  Status write_empty(const TarMember &member);
  bool is_written(const struct stat &status, const std::string &path, TarMember *member);

  TarWriter &tar_;
  PackOptions options_;
  PackCounts counts_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;
};

}  // namespace sampan
