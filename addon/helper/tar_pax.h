// SPDX-License-Identifier: Apache-2.0
// The records of a pax extended header ("<length> <key>=<value>\n").
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "addon/helper/tar_entry.h"
#include "addon/sys/result.h"

namespace sampan {

// Sparse files: more extents than this in one file are refused, so that memory stays bounded.
inline constexpr size_t kMaxExtents = size_t{1} << 18U;

// GNU's three ways to write a sparse file in pax records: 0.0 (a record per number), 0.1 (one record with all
// numbers), 1.0 (the map stands before the data).
struct PaxSparse {
  bool map_in_data = false;  // 1.0
  bool map_in_records = false;
  std::optional<std::string> name;  // the real one: `path` is an invented one then
  std::optional<int64_t> real_size;
  std::vector<TarExtent> extents;
};

// Absent values were not in the header, or were reset by an empty value.
struct PaxRecords {
  std::optional<std::string> path;
  std::optional<std::string> link;
  std::optional<int64_t> size;
  std::optional<int64_t> uid;
  std::optional<int64_t> gid;
  std::optional<struct timespec> mtime;
  std::vector<TarXattr> xattrs;
  uint32_t xattrs_skipped = 0;
  PaxSparse sparse;
};

// Adds the records of one header to `records`; a later record wins. Unknown keys are ignored, as POSIX asks.
// Error{EBADMSG} says in its subject what is wrong.
Status parse_pax(std::string_view block, PaxRecords &records);

}  // namespace sampan
