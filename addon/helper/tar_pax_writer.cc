// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_pax_writer.h"

#include <algorithm>

#include "addon/helper/tar_fields.h"

namespace sampan {
namespace {

size_t digits_of(size_t number) { return std::to_string(number).size(); }

// "<length> <key>=<value>\n", where the length counts its own digits.
void add_record(std::string &records, std::string_view key, std::string_view value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest + digits_of(rest);
  while (rest + digits_of(length) != length) length = rest + digits_of(length);
  records.append(std::to_string(length)).append(" ").append(key).append("=").append(value).append("\n");
}

// Seconds since 1970 with a fraction; before 1970 the fraction counts backwards.
std::string time_text(const struct timespec &time) {
  constexpr long kNanosecondsPerSecond = 1'000'000'000;
  const bool negative = time.tv_sec < 0;
  const bool borrow = negative && time.tv_nsec > 0;
  const uint64_t seconds = negative ? uint64_t{0} - static_cast<uint64_t>(time.tv_sec) - (borrow ? 1 : 0)
                                    : static_cast<uint64_t>(time.tv_sec);
  const long nanoseconds = borrow ? kNanosecondsPerSecond - time.tv_nsec : time.tv_nsec;
  std::string text = (negative ? "-" : "") + std::to_string(seconds);
  if (nanoseconds == 0) return text;
  std::string fraction = std::to_string(nanoseconds);
  fraction.insert(0, 9 - fraction.size(), '0');
  return text + "." + fraction.substr(0, fraction.find_last_not_of('0') + 1);
}

bool time_fits(const struct timespec &time) {
  return time.tv_nsec == 0 && time.tv_sec >= 0 && static_cast<uint64_t>(time.tv_sec) <= octal_limit(kTarMtime.size);
}

}  // namespace

SplitPath split_path(std::string_view path) {
  if (path.size() <= kTarName.size) return {"", path, true};
  // The first slash that leaves a name short enough; a directory's last slash cuts nothing off.
  const size_t first = path.size() - kTarName.size - 1;
  const size_t slash = path.find('/', first);
  if (slash == std::string_view::npos || slash == 0 || slash > kTarPrefix.size || slash + 1 == path.size()) {
    return {"", path.substr(0, kTarName.size), false};
  }
  return {path.substr(0, slash), path.substr(slash + 1), true};
}

std::string pax_records_of(const TarMember &member) {
  std::string records;
  if (!split_path(member.path).whole) add_record(records, "path", member.path);
  if (member.link.size() > kTarLink.size) add_record(records, "linkpath", member.link);
  if (member.size > octal_limit(kTarSize.size)) add_record(records, "size", std::to_string(member.size));
  if (member.uid > octal_limit(kTarUid.size)) add_record(records, "uid", std::to_string(member.uid));
  if (member.gid > octal_limit(kTarGid.size)) add_record(records, "gid", std::to_string(member.gid));
  if (!time_fits(member.mtime)) add_record(records, "mtime", time_text(member.mtime));
  for (const TarXattr &xattr : member.xattrs) add_record(records, "SCHILY.xattr." + xattr.name, xattr.value);
  return records;
}

}  // namespace sampan
