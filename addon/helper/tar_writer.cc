// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_writer.h"

#include <algorithm>
#include <cstring>

#include "addon/helper/tar_fields.h"
#include "addon/helper/tar_pax_writer.h"

namespace sampan {
namespace {

constexpr char kPaxType = 'x';

void set_text(char *block, TarField field, std::string_view text) {
  memcpy(block + field.offset, text.data(), std::min(text.size(), field.size));
}

// What does not fit stands in a pax record, and here is 0.
void set_octal(char *block, TarField field, uint64_t value) {
  const size_t digits = field.size - 1;
  if (value > octal_limit(field.size)) value = 0;
  for (size_t i = digits; i-- > 0; value >>= 3U) block[field.offset + i] = static_cast<char>('0' + (value & 7U));
}

void set_checksum(char *block) {
  memset(block + kTarChecksum.offset, ' ', kTarChecksum.size);
  uint64_t sum = 0;
  for (size_t i = 0; i < kTarBlock; ++i) sum += static_cast<unsigned char>(block[i]);
  set_octal(block, {kTarChecksum.offset, kTarChecksum.size - 1}, sum);
  block[kTarChecksum.offset + kTarChecksum.size - 2] = '\0';
}

}  // namespace

TarWriter::TarWriter(WriteFunction write, void *context)
    : write_(write), context_(context), buffer_(new char[kBufferSize]) {}

Status TarWriter::begin(const TarMember &member) {
  const std::string records = pax_records_of(member);
  if (!records.empty()) {
    TarMember pax;
    pax.path = "././@PaxHeader";
    constexpr uint32_t kReadable = 0644;
    pax.mode = kReadable;
    if (auto put = put_header(pax, kPaxType, records.size()); !put) return put;
    if (auto put = this->put(records); !put) return put;
    if (auto filled = put_zeros(tar_padding(records.size())); !filled) return filled;
  }
  missing_ = member.size;
  padding_ = tar_padding(member.size);
  return put_header(member, static_cast<char>(member.type), member.size);
}

Result<char *> TarWriter::space(size_t *size) {
  if (used_ == kBufferSize) {
    if (auto flushed = flush(); !flushed) return flushed.error();
  }
  *size = static_cast<size_t>(std::min<uint64_t>(missing_, kBufferSize - used_));
  return buffer_.get() + used_;
}

void TarWriter::data_put(size_t size) {
  used_ += size;
  missing_ -= size;
}

Result<bool> TarWriter::end() {
  const bool is_short = missing_ > 0;
  if (auto filled = put_zeros(missing_ + padding_); !filled) return filled.error();
  missing_ = 0;
  padding_ = 0;
  return is_short;
}

Status TarWriter::finish() {
  constexpr uint64_t kEndBlocks = 2;
  if (auto filled = put_zeros(kEndBlocks * kTarBlock); !filled) return filled;
  return flush();
}

Status TarWriter::put_header(const TarMember &member, char type, uint64_t size) {
  char block[kTarBlock] = {};
  const SplitPath split = split_path(member.path);
  set_text(block, kTarName, split.name);
  set_text(block, kTarPrefix, split.prefix);
  set_octal(block, kTarMode, member.mode);
  set_octal(block, kTarUid, member.uid);
  set_octal(block, kTarGid, member.gid);
  set_octal(block, kTarSize, size);
  set_octal(block, kTarMtime, member.mtime.tv_sec < 0 ? 0 : static_cast<uint64_t>(member.mtime.tv_sec));
  block[kTarType] = type;
  set_text(block, kTarLink, member.link);
  set_text(block, kTarMagic,
           std::string_view("ustar\0"
                            "00",
                            kTarMagic.size));
  set_octal(block, kTarMajor, member.device_major);
  set_octal(block, kTarMinor, member.device_minor);
  set_checksum(block);
  return put({block, kTarBlock});
}

Status TarWriter::put(std::string_view bytes) {
  while (!bytes.empty()) {
    if (used_ == kBufferSize) {
      if (auto flushed = flush(); !flushed) return flushed;
    }
    const size_t count = std::min(bytes.size(), kBufferSize - used_);
    memcpy(buffer_.get() + used_, bytes.data(), count);
    used_ += count;
    bytes.remove_prefix(count);
  }
  return {};
}

Status TarWriter::put_zeros(uint64_t count) {
  while (count > 0) {
    if (used_ == kBufferSize) {
      if (auto flushed = flush(); !flushed) return flushed;
    }
    const auto part = static_cast<size_t>(std::min<uint64_t>(count, kBufferSize - used_));
    memset(buffer_.get() + used_, 0, part);
    used_ += part;
    count -= part;
  }
  return {};
}

Status TarWriter::flush() {
  for (size_t done = 0; done < used_;) {
    const ssize_t written = write_(context_, buffer_.get() + done, used_ - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_error("write", "the archive");
    done += static_cast<size_t>(written);
  }
  used_ = 0;
  return {};
}

}  // namespace sampan
