// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_reader.h"

#include <algorithm>
#include <utility>

#include "addon/helper/tar_sparse.h"
#include "addon/helper/tar_subject.h"

namespace sampan {
namespace {

constexpr size_t kMaxExtensionBytes = size_t{1024} * 1024;
constexpr int64_t kPermissionBits = 07777;

Error broken(const char *what) { return Error{EBADMSG, "read tar", what}; }

// Links, directories and devices have no data whatever their size field says: old programs put sizes there.
bool has_data(char type) { return !(type >= '1' && type <= '6'); }

Result<TarType> type_of(const TarHeader &header, std::string_view path) {
  switch (header.type) {
    case '\0':
    case '0':
    case '7':
      // v7 archives have no other way to say that it is a directory.
      return path.ends_with('/') ? TarType::directory : TarType::file;
    case 'S':
      return TarType::file;
    case '1':
      return TarType::hard_link;
    case '2':
      return TarType::symlink;
    case '3':
    case '4':
      return TarType::device;
    case '5':
    case 'D':
      return TarType::directory;
    case '6':
      return TarType::fifo;
    default:
      break;
  }
  std::string subject = "entry type ";
  const bool printable = header.type > ' ' && header.type < 0x7f;
  subject += printable ? std::string{'\'', header.type, '\''} : std::to_string(static_cast<unsigned char>(header.type));
  return Error{EOPNOTSUPP, "read tar", subject + " is not supported"};
}

}  // namespace

// Messages name the entry and the place: "usr/bin/tool: header checksum is wrong (at byte 10240)".
Error TarReader::describe(Error error) const {
  if (error.number != EBADMSG && error.number != EOPNOTSUPP) return error;
  const std::string where = current_.empty() ? "" : clip_path(current_) + ": ";
  error.subject = where + error.subject + " (at byte " + std::to_string(header_offset_) + ")";
  return error;
}

Result<bool> TarReader::next(TarEntry &entry) {
  Result<bool> found = next_entry(entry);
  if (!found) return describe(found.error());
  return found;
}

Result<bool> TarReader::next_entry(TarEntry &entry) {
  Status skipped = skip_rest();
  if (!skipped) return skipped.error();
  pending_ = {};
  current_.clear();
  for (;;) {
    header_offset_ = input_.position();
    const Result<const char *> block = input_.block();
    if (!block) return block.error();
    if (block.value() == nullptr || is_zero_block(block.value())) {
      if (pending_.any) return broken("the archive ends after an extended header");
      return block.value() == nullptr ? false : read_end_marker();
    }
    const Result<TarHeader> header = parse_tar_header(block.value());
    if (!header) return header.error();
    const Result<bool> extension = read_extension(header.value());
    if (!extension) return extension.error();
    if (extension.value()) continue;
    Status made = make_entry(header.value(), block.value(), entry);
    if (!made) return made.error();
    return true;
  }
}

// One zero block was seen. A second one or the end of the stream ends the archive; anything else is damage, and would
// hide entries from one reader that another one sees.
Result<bool> TarReader::read_end_marker() {
  const Result<const char *> block = input_.block();
  if (!block) return block.error();
  if (block.value() != nullptr && !is_zero_block(block.value())) return broken("a lone zero block among the headers");
  return false;
}

Status TarReader::skip_rest() {
  const Result<bool> skipped = input_.skip(stored_ + padding_);
  if (!skipped) return skipped.error();
  if (!skipped.value()) return broken("the archive ends inside an entry");
  stored_ = padding_ = 0;
  return {};
}

Result<std::string> TarReader::read_payload(uint64_t size) {
  if (size > kMaxExtensionBytes - pending_.bytes) return broken("extended header is too long");
  pending_.bytes += static_cast<size_t>(size);
  std::string payload;
  while (payload.size() < size) {
    const Result<std::string_view> got = input_.some(size - payload.size());
    if (!got) return got.error();
    if (got.value().empty()) return broken("the archive ends inside an extended header");
    payload.append(got.value());
  }
  const Result<bool> skipped = input_.skip(tar_padding(size));
  if (!skipped) return skipped.error();
  if (!skipped.value()) return broken("the archive ends inside an extended header");
  return payload;
}

// True when the header only says something about the next one.
Result<bool> TarReader::read_extension(const TarHeader &header) {
  const char type = header.type;
  if (type == 'V') {
    // A GNU volume label: a name without a file.
    return true;
  }
  if (type != 'x' && type != 'X' && type != 'g' && type != 'L' && type != 'K') return false;
  Result<std::string> payload = read_payload(static_cast<uint64_t>(header.size));
  if (!payload) return payload.error();
  std::string &text = payload.value();
  if (type == 'g') {
    // A global header belongs to no entry. Only what makes sense for many entries is taken from it.
    pending_.bytes -= text.size();
    PaxRecords records;
    Status parsed = parse_pax(text, records);
    if (!parsed) return parsed.error();
    if (records.uid) global_.uid = records.uid;
    if (records.gid) global_.gid = records.gid;
    if (records.mtime) global_.mtime = records.mtime;
    return true;
  }
  pending_.any = true;
  if (type == 'L' || type == 'K') {
    text.resize(std::min(text.find('\0'), text.size()));
    (type == 'L' ? pending_.path : pending_.link) = std::move(text);
    return true;
  }
  Status parsed = parse_pax(text, pending_.pax);
  if (!parsed) return parsed.error();
  return true;
}

Status TarReader::make_entry(const TarHeader &header, const char *block, TarEntry &entry) {
  PaxRecords &pax = pending_.pax;
  entry = {};
  entry.path = header.path;
  if (!pending_.path.empty()) entry.path = std::move(pending_.path);
  if (pax.path) entry.path = std::move(*pax.path);
  if (pax.sparse.name) entry.path = std::move(*pax.sparse.name);
  entry.link = header.link;
  if (!pending_.link.empty()) entry.link = std::move(pending_.link);
  if (pax.link) entry.link = std::move(*pax.link);
  current_ = entry.path;

  const Result<TarType> type = type_of(header, entry.path);
  if (!type) return type.error();
  entry.type = type.value();
  entry.mode = static_cast<uint32_t>(header.mode & kPermissionBits);
  entry.mtime = {.tv_sec = header.mtime, .tv_nsec = 0};
  if (global_.mtime) entry.mtime = *global_.mtime;
  if (pax.mtime) entry.mtime = *pax.mtime;
  entry.xattrs = std::move(pax.xattrs);
  entry.xattrs_skipped = pax.xattrs_skipped;
  Status owner = set_owner(header, entry);
  if (!owner) return owner;
  return set_data(header, block, entry);
}

Status TarReader::set_owner(const TarHeader &header, TarEntry &entry) const {
  const PaxRecords &pax = pending_.pax;
  const int64_t uid = pax.uid.value_or(global_.uid.value_or(header.uid));
  const int64_t gid = pax.gid.value_or(global_.gid.value_or(header.gid));
  // 2^32 - 1 is chown's "leave it as it is", not an id.
  if (uid >= UINT32_MAX) return broken("user id is out of range");
  if (gid >= UINT32_MAX) return broken("group id is out of range");
  entry.uid = static_cast<uint32_t>(uid);
  entry.gid = static_cast<uint32_t>(gid);
  return {};
}

Status TarReader::set_data(const TarHeader &header, const char *block, TarEntry &entry) {
  extents_.clear();
  extent_ = 0;
  extent_done_ = 0;
  if (!has_data(header.type)) return {};
  stored_ = static_cast<uint64_t>(pending_.pax.size.value_or(header.size));
  padding_ = tar_padding(stored_);
  const PaxSparse &sparse = pending_.pax.sparse;
  if (header.type == 'S' || sparse.map_in_data || sparse.map_in_records) return set_sparse_data(header, block, entry);
  if (entry.type != TarType::file) return {};
  entry.size = stored_;
  extents_.push_back({0, stored_});
  return {};
}

Status TarReader::set_sparse_data(const TarHeader &header, const char *block, TarEntry &entry) {
  PaxSparse &sparse = pending_.pax.sparse;
  SparseMap map;
  if (header.type == 'S') {
    if (!header.gnu) return broken("a sparse file without a map");
    Result<SparseMap> old = read_old_sparse_map(block, input_);
    if (!old) return old.error();
    map = old.take();
  } else {
    if (entry.type != TarType::file || !sparse.real_size) return broken("a sparse file without a size");
    map.real_size = static_cast<uint64_t>(*sparse.real_size);
    map.extents = std::move(sparse.extents);
    if (sparse.map_in_data) {
      Result<std::vector<TarExtent>> extents = read_sparse_map_in_data(input_, stored_);
      if (!extents) return extents.error();
      map.extents = extents.take();
    }
  }
  Status checked = check_sparse_map(map, stored_);
  if (!checked) return checked;
  entry.size = map.real_size;
  extents_ = std::move(map.extents);
  return {};
}

Result<TarChunk> TarReader::read_chunk() {
  while (extent_ < extents_.size() && extent_done_ == extents_[extent_].size) {
    ++extent_;
    extent_done_ = 0;
  }
  if (extent_ == extents_.size()) return TarChunk{};
  const TarExtent &extent = extents_[extent_];
  const Result<std::string_view> got = input_.some(extent.size - extent_done_);
  if (!got) return got.error();
  if (got.value().empty()) return describe(broken("the archive ends inside an entry"));
  const TarChunk chunk{extent.offset + extent_done_, got.value()};
  extent_done_ += got.value().size();
  stored_ -= got.value().size();
  return chunk;
}

Status TarReader::drain() {
  const Result<bool> skipped = input_.skip(UINT64_MAX);
  return skipped ? Status() : Status(skipped.error());
}

}  // namespace sampan
