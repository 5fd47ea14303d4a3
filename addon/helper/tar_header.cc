// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_header.h"

#include <cstring>
#include <optional>
#include <string_view>

#include "addon/helper/tar_number.h"

namespace sampan {
namespace {

std::string_view bytes(const char *block, TarField field) { return {block + field.offset, field.size}; }

std::string text(const char *block, TarField field) {
  return {block + field.offset, strnlen(block + field.offset, field.size)};
}

Error bad_header(const char *what) { return Error{EBADMSG, "read tar", what}; }

// Eight characters at a time, in lanes of 16 bits: 64 times two characters fit. It is done for every entry, and without
// this it is the most expensive thing of what is not the kernel's.
int64_t sum_of_unsigned(const char *block) {
  constexpr uint64_t kEvenBytes = 0x00ff00ff00ff00ff;
  constexpr uint64_t kEvenLanes = 0x0000ffff0000ffff;
  uint64_t lanes = 0;
  for (size_t i = 0; i < kTarBlock; i += sizeof lanes) {
    uint64_t word = 0;
    memcpy(&word, block + i, sizeof word);
    lanes += (word & kEvenBytes) + ((word >> 8U) & kEvenBytes);
  }
  lanes = (lanes & kEvenLanes) + ((lanes >> 16U) & kEvenLanes);
  return static_cast<int64_t>((lanes & UINT32_MAX) + (lanes >> 32U));
}

int64_t sum_of_signed(const char *block) {
  int64_t sum = 0;
  for (size_t i = 0; i < kTarBlock; ++i) sum += static_cast<signed char>(block[i]);
  return sum;
}

bool checksum_matches(const char *block) {
  const std::optional<int64_t> expected = parse_tar_number(block + kTarChecksum.offset, kTarChecksum.size);
  if (!expected) return false;
  // The field itself counts as spaces.
  char summed[kTarBlock];
  memcpy(summed, block, kTarBlock);
  memset(summed + kTarChecksum.offset, ' ', kTarChecksum.size);
  // Old programs summed signed characters; every reader accepts both.
  return *expected == sum_of_unsigned(summed) || *expected == sum_of_signed(summed);
}

}  // namespace

bool is_zero_block(const char *block) { return block[0] == 0 && memcmp(block, block + 1, kTarBlock - 1) == 0; }

Result<TarHeader> parse_tar_header(const char *block) {
  if (!checksum_matches(block)) return bad_header("header checksum is wrong");
  TarHeader header;
  struct Number {
    TarField field;
    int64_t TarHeader::*target;
    const char *complaint;
    bool may_be_negative;
  };
  static constexpr Number kNumbers[] = {
      {kTarMode, &TarHeader::mode, "mode is not a valid number", false},
      {kTarUid, &TarHeader::uid, "user id is not a valid number", false},
      {kTarGid, &TarHeader::gid, "group id is not a valid number", false},
      {kTarSize, &TarHeader::size, "size is not a valid number", false},
      {kTarMtime, &TarHeader::mtime, "modification time is not a valid number", true},
  };
  for (const Number &number : kNumbers) {
    const std::optional<int64_t> value = parse_tar_number(block + number.field.offset, number.field.size);
    if (!value || (*value < 0 && !number.may_be_negative)) return bad_header(number.complaint);
    header.*number.target = *value;
  }
  header.type = block[kTarType];
  header.path = text(block, kTarName);
  header.link = text(block, kTarLink);
  const std::string_view magic = bytes(block, kTarMagic);
  header.gnu = magic == std::string_view("ustar  \0", 8);
  if (!header.gnu && magic.substr(0, 6) == std::string_view("ustar\0", 6)) {
    const bool star = bytes(block, kTarStarTrailer) == std::string_view("tar\0", 4);
    const std::string prefix = text(block, star ? kTarStarPrefix : kTarPrefix);
    if (!prefix.empty()) header.path = prefix + "/" + header.path;
  }
  return header;
}

}  // namespace sampan
