// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_header.h"

#include <cstring>
#include <optional>
#include <string_view>

#include "addon/helper/tar_number.h"

namespace sampan {
namespace {

struct Field {
  size_t offset;
  size_t size;
};

constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUid{108, 8};
constexpr Field kGid{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kMtime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr size_t kType = 156;
constexpr Field kLink{157, 100};
constexpr Field kMagic{257, 8};
constexpr Field kPrefix{345, 155};
// star keeps times behind a shorter prefix and marks such headers with this trailer.
constexpr Field kStarPrefix{345, 131};
constexpr Field kStarTrailer{508, 4};

std::string_view bytes(const char *block, Field field) { return {block + field.offset, field.size}; }

std::string text(const char *block, Field field) {
  return {block + field.offset, strnlen(block + field.offset, field.size)};
}

Error bad_header(const char *what) { return Error{EBADMSG, "read tar", what}; }

bool checksum_matches(const char *block) {
  const std::optional<int64_t> expected = parse_tar_number(block + kChecksum.offset, kChecksum.size);
  if (!expected) return false;
  // Old programs summed signed characters; every reader accepts both.
  int64_t with_unsigned = 0;
  int64_t with_signed = 0;
  for (size_t i = 0; i < kTarBlock; ++i) {
    const bool in_checksum = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.size;
    const char c = in_checksum ? ' ' : block[i];
    with_unsigned += static_cast<unsigned char>(c);
    with_signed += static_cast<signed char>(c);
  }
  return *expected == with_unsigned || *expected == with_signed;
}

}  // namespace

bool is_zero_block(const char *block) { return block[0] == 0 && memcmp(block, block + 1, kTarBlock - 1) == 0; }

Result<TarHeader> parse_tar_header(const char *block) {
  if (!checksum_matches(block)) return bad_header("header checksum is wrong");
  TarHeader header;
  struct Number {
    Field field;
    int64_t TarHeader::*target;
    const char *complaint;
    bool may_be_negative;
  };
  static constexpr Number kNumbers[] = {
      {kMode, &TarHeader::mode, "mode is not a valid number", false},
      {kUid, &TarHeader::uid, "user id is not a valid number", false},
      {kGid, &TarHeader::gid, "group id is not a valid number", false},
      {kSize, &TarHeader::size, "size is not a valid number", false},
      {kMtime, &TarHeader::mtime, "modification time is not a valid number", true},
  };
  for (const Number &number : kNumbers) {
    const std::optional<int64_t> value = parse_tar_number(block + number.field.offset, number.field.size);
    if (!value || (*value < 0 && !number.may_be_negative)) return bad_header(number.complaint);
    header.*number.target = *value;
  }
  header.type = block[kType];
  header.path = text(block, kName);
  header.link = text(block, kLink);
  const std::string_view magic = bytes(block, kMagic);
  header.gnu = magic == std::string_view("ustar  \0", 8);
  if (!header.gnu && magic.substr(0, 6) == std::string_view("ustar\0", 6)) {
    const bool star = bytes(block, kStarTrailer) == std::string_view("tar\0", 4);
    const std::string prefix = text(block, star ? kStarPrefix : kPrefix);
    if (!prefix.empty()) header.path = prefix + "/" + header.path;
  }
  return header;
}

}  // namespace sampan
