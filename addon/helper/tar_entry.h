// SPDX-License-Identifier: Apache-2.0
// What one entry of an archive says, after headers, long names and pax records have been put together.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace sampan {

enum class TarType { file, directory, symlink, hard_link, fifo, device };

struct TarXattr {
  std::string name;
  std::string value;
};

// One run of data of a sparse file; the rest of the file is zeros.
struct TarExtent {
  uint64_t offset = 0;
  uint64_t size = 0;
};

struct TarEntry {
  TarType type = TarType::file;
  std::string path;  // as the archive has it: not to be used before it went through TarPath
  std::string link;
  uint32_t mode = 0;  // permission bits and setuid, setgid, sticky
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t size = 0;  // of the file once it is unpacked
  struct timespec mtime = {};
  std::vector<TarXattr> xattrs;
  uint32_t xattrs_skipped = 0;  // attributes in a form that is not taken over (ACL texts, SELinux labels)
};

}  // namespace sampan
