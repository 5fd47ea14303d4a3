// SPDX-License-Identifier: Apache-2.0
// Who a container's user is, from the text of its passwd(5) and group(5). The C library's own lookup would load modules
// that the image names. The text is hostile: it may be anything.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "addon/sys/result.h"

namespace sampan {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary
  std::string home = "/";
};

// spec is name|uid[:group|gid]. Numbers need no entry, names do. Without a group in spec, the gid is that of the passwd
// entry (0 without one), and the groups are those that list the user. `wanted` are more groups, by name or number.
// ENOENT: call "user lookup" or "group lookup" says which file has no such name, the subject is the name.
Result<User> lookup_user(std::string_view spec, const std::vector<std::string_view> &wanted, std::string_view passwd,
                         std::string_view group);

}  // namespace sampan
