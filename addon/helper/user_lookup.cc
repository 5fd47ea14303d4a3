// SPDX-License-Identifier: Apache-2.0
// Lines with too few fields or numbers that are none are nobody's, as the C library has it.
#include "addon/helper/user_lookup.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace sampan {

namespace {

// 2^32-1 is "no change" to setresuid(2).
std::optional<uint32_t> to_id(std::string_view text) {
  uint32_t id = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  if (id == UINT32_MAX) return std::nullopt;
  return id;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Takes the text up to the separator off the front.
std::string_view take_until(std::string_view &text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

template <size_t Count>
std::optional<std::array<std::string_view, Count>> split_fields(std::string_view line) {
  std::array<std::string_view, Count> fields;
  if (static_cast<size_t>(std::count(line.begin(), line.end(), ':')) + 1 < Count) return std::nullopt;
  for (auto &field : fields) field = take_until(line, ':');
  return fields;
}

struct PasswdEntry {
  std::string_view name;
  uid_t uid;
  gid_t gid;
  std::string_view home;
};

std::optional<PasswdEntry> parse_passwd(std::string_view line) {
  const auto fields = split_fields<6>(line);
  if (!fields) return std::nullopt;
  const auto uid = to_id((*fields)[2]);
  const auto gid = to_id((*fields)[3]);
  if (!uid || !gid || (*fields)[0].empty()) return std::nullopt;
  return PasswdEntry{(*fields)[0], *uid, *gid, (*fields)[5]};
}

struct GroupEntry {
  std::string_view name;
  gid_t gid;
  std::string_view members;
};

std::optional<GroupEntry> parse_group(std::string_view line) {
  const auto fields = split_fields<4>(line);
  if (!fields) return std::nullopt;
  const auto gid = to_id((*fields)[2]);
  if (!gid || (*fields)[0].empty()) return std::nullopt;
  return GroupEntry{(*fields)[0], *gid, (*fields)[3]};
}

std::optional<PasswdEntry> find_user(std::string_view passwd, std::string_view wanted) {
  const auto number = to_id(wanted);
  while (!passwd.empty()) {
    const auto entry = parse_passwd(take_until(passwd, '\n'));
    if (entry && (entry->name == wanted || number == entry->uid)) return entry;
  }
  return std::nullopt;
}

Result<gid_t> find_group(std::string_view group, std::string_view wanted) {
  const auto number = to_id(wanted);
  while (!group.empty()) {
    const auto entry = parse_group(take_until(group, '\n'));
    if (entry && (entry->name == wanted || number == entry->gid)) return entry->gid;
  }
  if (number) return *number;
  return Error{is_number(wanted) ? ERANGE : ENOENT, "group lookup", std::string(wanted)};
}

bool is_member(std::string_view members, std::string_view name) {
  while (!members.empty()) {
    if (take_until(members, ',') == name) return true;
  }
  return false;
}

void add_group(std::vector<gid_t> &groups, gid_t gid) {
  if (std::find(groups.begin(), groups.end(), gid) == groups.end()) groups.push_back(gid);
}

void add_memberships(std::vector<gid_t> &groups, std::string_view group, std::string_view name) {
  constexpr size_t kMaxGroups = 65536;  // NGROUPS_MAX of the kernel
  while (!group.empty() && groups.size() < kMaxGroups) {
    const auto entry = parse_group(take_until(group, '\n'));
    if (entry && is_member(entry->members, name)) add_group(groups, entry->gid);
  }
}

}  // namespace

Result<User> lookup_user(std::string_view spec, const std::vector<std::string_view> &wanted, std::string_view passwd,
                         std::string_view group) {
  std::string_view group_spec = spec;
  std::string_view user_spec = take_until(group_spec, ':');
  if (user_spec.empty()) user_spec = "0";

  User user;
  const auto entry = find_user(passwd, user_spec);
  if (entry) {
    user.uid = entry->uid;
    user.gid = entry->gid;
    if (!entry->home.empty()) user.home = entry->home;
  } else if (const auto number = to_id(user_spec)) {
    user.uid = *number;
  } else {
    return Error{is_number(user_spec) ? ERANGE : ENOENT, "user lookup", std::string(user_spec)};
  }

  if (!group_spec.empty()) {
    const auto gid = find_group(group, group_spec);
    if (!gid) return gid.error();
    user.gid = gid.value();
  }
  // The primary group is among the supplementary ones: a set-gid program must not be able to shed it (CVE-2022-36109).
  add_group(user.groups, user.gid);
  if (group_spec.empty() && entry) add_memberships(user.groups, group, entry->name);
  for (const auto name : wanted) {
    const auto gid = find_group(group, name);
    if (!gid) return gid.error();
    add_group(user.groups, gid.value());
  }
  return user;
}

}  // namespace sampan
