// SPDX-License-Identifier: Apache-2.0
// Reads a tar stream entry by entry. It knows nothing of file systems, so that it can be fuzzed on its own.
//
// How this works: next() reads headers until an entry is complete: GNU long names ('L', 'K') and pax headers ('x', 'g')
// come before the header that they belong to. The data of the entry is then read in chunks, which carry their offset
// because a sparse file has holes; what was not read is skipped by the following next(). Memory is bounded: 1 MiB of
// extended headers for one entry, kMaxExtents extents, one buffer. Nothing is trusted: a header whose checksum is
// wrong, a number out of range, or an archive that ends inside an entry is an error. A missing end-of-archive marker
// alone is accepted, as GNU tar does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "addon/helper/tar_entry.h"
#include "addon/helper/tar_header.h"
#include "addon/helper/tar_input.h"
#include "addon/helper/tar_pax.h"
#include "addon/sys/result.h"

namespace sampan {

struct TarChunk {
  uint64_t offset = 0;    // in the file
  std::string_view data;  // valid until the next call; empty: no more
};

class TarReader {
 public:
  explicit TarReader(TarInput &input) : input_(input) {}

  // False at the end of the archive. Errors: EBADMSG when the archive is broken, EOPNOTSUPP when it uses something that
  // is not supported; both say in the subject what, and where. Otherwise the errno of read(2).
  Result<bool> next(TarEntry &entry);

  Result<TarChunk> read_chunk();

  // Reads what follows the end of the archive, so that the writer of the stream is not killed by SIGPIPE.
  Status drain();

 private:
  // What headers before an entry have said about it.
  struct Pending {
    std::string path;
    std::string link;
    PaxRecords pax;
    size_t bytes = 0;
    bool any = false;
  };

  Result<bool> next_entry(TarEntry &entry);
  Status skip_rest();
  Result<bool> read_end_marker();
  Result<bool> read_extension(const TarHeader &header);
  Result<std::string> read_payload(uint64_t size);
  Status make_entry(const TarHeader &header, const char *block, TarEntry &entry);
  Status set_owner(const TarHeader &header, TarEntry &entry) const;
  Status set_data(const TarHeader &header, const char *block, TarEntry &entry);
  Status set_sparse_data(const TarHeader &header, const char *block, TarEntry &entry);
  Error describe(Error error) const;

  TarInput &input_;
  Pending pending_;
  PaxRecords global_;    // owners and times only
  std::string current_;  // path of the entry, for messages

  std::vector<TarExtent> extents_;
  size_t extent_ = 0;           // index of the current one
  uint64_t extent_done_ = 0;    // bytes of it that were read
  uint64_t stored_ = 0;         // bytes of the entry still in the archive
  uint64_t padding_ = 0;        // bytes between them and the next header
  uint64_t header_offset_ = 0;  // of the last header
};

}  // namespace sampan
