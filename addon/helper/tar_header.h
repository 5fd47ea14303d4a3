// SPDX-License-Identifier: Apache-2.0
// One 512-byte tar header block: v7, ustar (with prefix, and star's variant of it) and GNU.
#pragma once

#include <cstdint>
#include <string>

#include "addon/helper/tar_fields.h"
#include "addon/sys/result.h"

namespace sampan {

struct TarHeader {
  std::string path;
  std::string link;
  int64_t mode = 0;
  int64_t uid = 0;
  int64_t gid = 0;
  int64_t size = 0;
  int64_t mtime = 0;
  char type = '0';
  bool gnu = false;  // the bytes after the owner names are GNU's (sparse map), not a prefix
};

bool is_zero_block(const char *block);

// Error{EBADMSG} says in its subject what is wrong with the header.
Result<TarHeader> parse_tar_header(const char *block);

}  // namespace sampan
