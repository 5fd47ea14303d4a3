// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_sparse.h"

#include <optional>
#include <string>
#include <string_view>

#include "addon/helper/tar_fields.h"
#include "addon/helper/tar_number.h"
#include "addon/helper/tar_pax.h"

namespace sampan {
namespace {

constexpr size_t kNumberSize = 12;
constexpr size_t kExtentSize = 2 * kNumberSize;
constexpr size_t kHeaderMap = 386;
constexpr size_t kHeaderExtents = 4;
constexpr size_t kHeaderContinues = 482;
constexpr size_t kHeaderRealSize = 483;
constexpr size_t kBlockExtents = 21;
constexpr size_t kBlockContinues = kBlockExtents * kExtentSize;
constexpr size_t kLongestDecimal = 19;

Error bad_map(const char *what) { return Error{EBADMSG, "read tar", what}; }

Status add_extents(const char *from, size_t count, std::vector<TarExtent> &extents) {
  for (size_t i = 0; i < count; ++i) {
    const char *item = from + i * kExtentSize;
    if (item[0] == '\0') break;  // unused
    const std::optional<int64_t> offset = parse_tar_number(item, kNumberSize);
    const std::optional<int64_t> size = parse_tar_number(item + kNumberSize, kNumberSize);
    if (!offset || !size || *offset < 0 || *size < 0) return bad_map("sparse map is not made of valid numbers");
    if (extents.size() == kMaxExtents) return bad_map("sparse map is too long");
    extents.push_back({static_cast<uint64_t>(*offset), static_cast<uint64_t>(*size)});
  }
  return {};
}

// Decimal numbers on lines, block by block, from the data of the entry.
class LineReader {
 public:
  LineReader(TarInput &input, uint64_t &stored) : input_(input), stored_(stored) {}

  Result<uint64_t> number() {
    char digits[kLongestDecimal];
    size_t count = 0;
    for (;;) {
      if (at_ == end_) {
        Status next = next_block();
        if (!next) return next.error();
      }
      const char c = *at_++;
      if (c == '\n') break;
      if (count == kLongestDecimal) return bad_map("sparse map is not made of valid numbers");
      digits[count++] = c;
    }
    const std::optional<int64_t> value = parse_decimal({digits, count});
    if (!value) return bad_map("sparse map is not made of valid numbers");
    return static_cast<uint64_t>(*value);
  }

 private:
  Status next_block() {
    if (stored_ < kTarBlock) return bad_map("sparse map is longer than its entry");
    const Result<const char *> block = input_.block();
    if (!block) return block.error();
    if (block.value() == nullptr) return bad_map("the archive ends inside a sparse map");
    stored_ -= kTarBlock;
    at_ = block.value();
    end_ = at_ + kTarBlock;
    return {};
  }

  TarInput &input_;
  uint64_t &stored_;
  const char *at_ = nullptr;
  const char *end_ = nullptr;
};

}  // namespace

Result<SparseMap> read_old_sparse_map(const char *header, TarInput &input) {
  SparseMap map;
  const std::optional<int64_t> real_size = parse_tar_number(header + kHeaderRealSize, kNumberSize);
  if (!real_size || *real_size < 0) return bad_map("real size of a sparse file is not a valid number");
  map.real_size = static_cast<uint64_t>(*real_size);
  Status added = add_extents(header + kHeaderMap, kHeaderExtents, map.extents);
  if (!added) return added.error();
  for (bool more = header[kHeaderContinues] != '\0'; more;) {
    const Result<const char *> block = input.block();
    if (!block) return block.error();
    if (block.value() == nullptr) return bad_map("the archive ends inside a sparse map");
    const size_t before = map.extents.size();
    Status extended = add_extents(block.value(), kBlockExtents, map.extents);
    if (!extended) return extended.error();
    more = block.value()[kBlockContinues] != '\0';
    if (more && map.extents.size() == before) return bad_map("sparse map has an empty block");
  }
  return map;
}

Result<std::vector<TarExtent>> read_sparse_map_in_data(TarInput &input, uint64_t &stored) {
  LineReader lines(input, stored);
  const Result<uint64_t> count = lines.number();
  if (!count) return count.error();
  if (count.value() > kMaxExtents) return bad_map("sparse map is too long");
  std::vector<TarExtent> extents;
  for (uint64_t i = 0; i < count.value(); ++i) {
    const Result<uint64_t> offset = lines.number();
    if (!offset) return offset.error();
    const Result<uint64_t> size = lines.number();
    if (!size) return size.error();
    extents.push_back({offset.value(), size.value()});
  }
  return extents;
}

Status check_sparse_map(const SparseMap &map, uint64_t stored) {
  uint64_t end = 0;
  uint64_t total = 0;
  for (const TarExtent &extent : map.extents) {
    // Offsets and sizes are below 2^63, so that none of these sums overflows.
    if (extent.offset < end || extent.offset + extent.size > map.real_size) {
      return bad_map("sparse map does not fit its file");
    }
    end = extent.offset + extent.size;
    total += extent.size;
  }
  if (total != stored) return bad_map("sparse map does not fit what the archive holds");
  return {};
}

}  // namespace sampan
