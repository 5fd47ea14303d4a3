// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_pax.h"

#include "addon/helper/tar_number.h"

namespace sampan {
namespace {

constexpr std::string_view kXattrPrefix = "SCHILY.xattr.";

struct Record {
  std::string_view key;
  std::string_view value;
};

Error bad_pax(std::string_view what) { return Error{EBADMSG, "read tar", "extended header: " + std::string(what)}; }

// Takes the first record off `rest`.
Result<Record> take_record(std::string_view &rest) {
  const size_t space = rest.find(' ');
  if (space == std::string_view::npos) return bad_pax("record without a length");
  const std::optional<int64_t> length = parse_decimal(rest.substr(0, space));
  if (!length) return bad_pax("record length is not a number");
  const auto size = static_cast<uint64_t>(*length);
  if (size > rest.size()) return bad_pax("record is longer than the header");
  // The shortest record behind the blank is "k=\n".
  if (size < space + 4) return bad_pax("record is shorter than its key");
  if (rest[size - 1] != '\n') return bad_pax("record does not end with a newline");
  const std::string_view body = rest.substr(space + 1, size - space - 2);
  rest.remove_prefix(size);
  const size_t equals = body.find('=');
  if (equals == std::string_view::npos || equals == 0) return bad_pax("record without a key");
  return Record{body.substr(0, equals), body.substr(equals + 1)};
}

Status set_number(const Record &record, std::optional<int64_t> &target) {
  target = parse_decimal(record.value);
  if (!target && !record.value.empty()) return bad_pax(std::string(record.key) + " is not a valid number");
  return {};
}

Status set_text(const Record &record, std::optional<std::string> &target) {
  target.reset();
  if (record.value.empty()) return {};
  if (record.value.find('\0') != std::string_view::npos) return bad_pax(std::string(record.key) + " contains NUL");
  target.emplace(record.value);
  return {};
}

Status set_mtime(const Record &record, PaxRecords &records) {
  records.mtime = parse_pax_time(record.value);
  if (!records.mtime && !record.value.empty()) return bad_pax("mtime is not a valid time");
  return {};
}

Status set_xattr(const Record &record, PaxRecords &records) {
  const std::string_view name = record.key.substr(kXattrPrefix.size());
  if (name.empty() || name.find('\0') != std::string_view::npos) return bad_pax("attribute without a valid name");
  for (TarXattr &xattr : records.xattrs) {
    if (xattr.name != name) continue;
    xattr.value = record.value;
    return {};
  }
  records.xattrs.push_back({std::string(name), std::string(record.value)});
  return {};
}

Status add_extent(std::string_view offset, std::string_view size, PaxSparse &sparse) {
  const std::optional<int64_t> start = parse_decimal(offset);
  const std::optional<int64_t> length = parse_decimal(size);
  if (!start || !length) return bad_pax("sparse map is not made of numbers");
  if (sparse.extents.size() == kMaxExtents) return bad_pax("sparse map is too long");
  sparse.extents.push_back({static_cast<uint64_t>(*start), static_cast<uint64_t>(*length)});
  return {};
}

Status parse_sparse_map(std::string_view map, PaxSparse &sparse) {
  sparse.extents.clear();
  while (!map.empty()) {
    const size_t first = map.find(',');
    if (first == std::string_view::npos) return bad_pax("sparse map has an odd count of numbers");
    const size_t second = map.find(',', first + 1);
    Status added = add_extent(map.substr(0, first), map.substr(first + 1, second - first - 1), sparse);
    if (!added) return added;
    if (second == std::string_view::npos) break;
    map.remove_prefix(second + 1);
    if (map.empty()) return bad_pax("sparse map ends with a comma");
  }
  return {};
}

Status set_sparse(const Record &record, PaxRecords &records, std::string_view &pending_offset) {
  PaxSparse &sparse = records.sparse;
  const std::string_view key = record.key.substr(std::string_view("GNU.sparse.").size());
  if (key == "major") {
    sparse.map_in_data = record.value == "1";
    if (record.value != "0" && record.value != "1") return bad_pax("unknown version of the sparse format");
    return {};
  }
  if (key == "name") return set_text(record, sparse.name);
  if (key == "realsize" || key == "size") {
    if (key == "size") sparse.map_in_records = true;
    return set_number(record, sparse.real_size);
  }
  if (key == "offset") {
    pending_offset = record.value;
    return {};
  }
  if (key == "numbytes") {
    sparse.map_in_records = true;
    return add_extent(pending_offset, record.value, sparse);
  }
  if (key == "map") {
    sparse.map_in_records = true;
    return parse_sparse_map(record.value, sparse);
  }
  return {};
}

Status apply(const Record &record, PaxRecords &records, std::string_view &pending_offset) {
  if (record.key == "path") return set_text(record, records.path);
  if (record.key == "linkpath") return set_text(record, records.link);
  if (record.key == "size") return set_number(record, records.size);
  if (record.key == "uid") return set_number(record, records.uid);
  if (record.key == "gid") return set_number(record, records.gid);
  if (record.key == "mtime") return set_mtime(record, records);
  if (record.key.starts_with(kXattrPrefix)) return set_xattr(record, records);
  if (record.key.starts_with("GNU.sparse.")) return set_sparse(record, records, pending_offset);
  if (record.key.starts_with("SCHILY.acl.") || record.key.starts_with("RHT.security.")) ++records.xattrs_skipped;
  return {};
}

}  // namespace

Status parse_pax(std::string_view block, PaxRecords &records) {
  std::string_view pending_offset;
  while (!block.empty()) {
    Result<Record> record = take_record(block);
    if (!record) return record.error();
    Status applied = apply(record.value(), records, pending_offset);
    if (!applied) return applied;
  }
  return {};
}

}  // namespace sampan
