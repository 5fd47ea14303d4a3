// SPDX-License-Identifier: Apache-2.0
// Writes a tar stream member by member (POSIX.1-1988 ustar, with pax records for what does not fit). It knows nothing
// of file systems; the reader next door (tar_reader.h) reads everything that it writes.
//
// How this works: begin() writes the headers, data() the content, end() the zeros that are missing: those that fill the
// last block, and those that a file lacks which became shorter meanwhile. Everything goes through one buffer.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "addon/helper/tar_entry.h"
#include "addon/sys/result.h"

namespace sampan {

// The type flags of POSIX.
enum class TarFlag : char {
  file = '0',
  hard_link = '1',
  symlink = '2',
  character_device = '3',
  block_device = '4',
  directory = '5',
  fifo = '6',
};

struct TarMember {
  TarFlag type = TarFlag::file;
  std::string path;  // a directory's ends with a slash
  std::string link;
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t size = 0;  // of the data that follows
  struct timespec mtime = {};
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
  std::vector<TarXattr> xattrs;
};

class TarWriter {
 public:
  // Like write(2): -1 and errno.
  using WriteFunction = ssize_t (*)(void *context, const char *bytes, size_t size);

  TarWriter(WriteFunction write, void *context);

  Status begin(const TarMember &member);

  // Where up to *size bytes of the member's data may be put, for data_put() to take over: saves a copy.
  Result<char *> space(size_t *size);
  void data_put(size_t size);

  // True when the member got fewer bytes than its header says; zeros stand for the rest.
  Result<bool> end();

  // After the last member.
  Status finish();

 private:
  Status put(std::string_view bytes);
  Status put_zeros(uint64_t count);
  Status put_header(const TarMember &member, char type, uint64_t size);
  Status flush();

  // What a pipe of the usual size holds, four times.
  static constexpr size_t kBufferSize = size_t{256} * 1024;

  WriteFunction write_;
  void *context_;
  std::unique_ptr<char[]> buffer_;
  size_t used_ = 0;
  uint64_t missing_ = 0;  // bytes of the member that have not come yet
  uint64_t padding_ = 0;
};

}  // namespace sampan
