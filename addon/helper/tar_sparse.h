// SPDX-License-Identifier: Apache-2.0
// Sparse files as GNU tar writes them: a map of extents, and only their bytes in the archive.
#pragma once

#include <cstdint>
#include <vector>

#include "addon/helper/tar_entry.h"
#include "addon/helper/tar_input.h"
#include "addon/sys/result.h"

namespace sampan {

struct SparseMap {
  std::vector<TarExtent> extents;
  uint64_t real_size = 0;
};

// The map of the old GNU format: four extents in the header, more in the blocks that follow it.
Result<SparseMap> read_old_sparse_map(const char *header, TarInput &input);

// The map of pax format 1.0, decimal numbers on lines before the data. Takes what it read, padding included, off
// `stored`, the size of what the archive holds of this entry.
Result<std::vector<TarExtent>> read_sparse_map_in_data(TarInput &input, uint64_t &stored);

// Extents must ascend, stay inside the file and be exactly what the archive holds.
Status check_sparse_map(const SparseMap &map, uint64_t stored);

}  // namespace sampan
