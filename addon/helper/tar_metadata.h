// SPDX-License-Identifier: Apache-2.0
// Owner, mode, extended attributes and times of one unpacked entry.
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "addon/helper/tar_entry.h"
#include "addon/sys/result.h"

namespace sampan {

struct MetadataOptions {
  bool keep_owner = true;  // false: everything stays the current user's (a map of one id)
};

// For a file or directory by its descriptor, after its data was written: writing and changing the owner clear setuid
// bits and capabilities. Counts the attributes that were left out. The result is true of what the file takes on disk;
// owner, mode and times may be those from before. Errors have the attribute or the owner, if any, as their subject.
Result<struct stat> set_metadata(int fd, const TarEntry &entry, const MetadataOptions &options,
                                 uint64_t &xattrs_skipped);

// For a symlink or fifo that was just made; they carry no attributes.
Result<struct stat> set_metadata_at(int parent, const char *name, const TarEntry &entry, const MetadataOptions &options,
                                    uint64_t &xattrs_skipped);

}  // namespace sampan
