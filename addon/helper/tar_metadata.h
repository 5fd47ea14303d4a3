// SPDX-License-Identifier: Apache-2.0
// Owner, mode, extended attributes and times of one unpacked entry.
#pragma once

#include <cstdint>

#include "addon/helper/tar_entry.h"
#include "addon/sys/result.h"

namespace sampan {

struct MetadataOptions {
  bool keep_owner = true;  // false: everything stays the current user's (a map of one id)
};

// For a file or directory by its descriptor, after its data was written: writing and changing the owner clear setuid
// bits and capabilities. Counts the attributes that were left out. Errors have the attribute or the owner, if any, as
// their subject.
Status set_metadata(int fd, const TarEntry &entry, const MetadataOptions &options, uint64_t &xattrs_skipped);

// For a symlink or fifo that was just made; they carry no attributes.
Status set_metadata_at(int parent, const char *name, const TarEntry &entry, const MetadataOptions &options,
                       uint64_t &xattrs_skipped);

Status set_mtime(int fd, const struct timespec &mtime);

}  // namespace sampan
