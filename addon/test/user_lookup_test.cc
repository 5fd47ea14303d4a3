// SPDX-License-Identifier: Apache-2.0
// Users and groups from files that may be anything.
#include "addon/helper/user_lookup.h"

#include <string>

#include "addon/test/test.h"

namespace sampan {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "# comment\n"
    "short:x:7\n"
    "nan:x:seven:7::/:\n"
    "huge:x:4294967296:7::/:\n"
    "minus:x:-1:7::/:\n"
    "web:x:33:34:www,data:/var/www:/bin/sh\n"
    "nohome:x:35:35:::\n"
    "1000:x:44:44::/numeric:/bin/sh\n"
    "web:x:99:99:second:/second:/bin/sh";
constexpr std::string_view kGroup =
    "root:x:0:\n"
    "bad:x\n"
    "web:x:34:\n"
    "extra:x:50:foo,web\n"
    "almost:x:51:webx,xweb\n"
    "extra2:x:50:web\n"
    "last:x:52:web";

// uid:gid:groups:home, or the call and subject of the error.
std::string look_up(std::string_view spec, const std::vector<std::string_view> &wanted = {},
                    std::string_view passwd = kPasswd, std::string_view group = kGroup) {
  const auto user = lookup_user(spec, wanted, passwd, group);
  if (!user)
    return std::string(user.error().call) + ' ' + user.error().subject + ' ' + std::to_string(user.error().number);
  std::string text = std::to_string(user.value().uid) + ':' + std::to_string(user.value().gid) + ':';
  for (const gid_t gid : user.value().groups) text += std::to_string(gid) + ',';
  return text + ':' + user.value().home;
}

TEST("a user is found by name or number, with his groups, the primary one first, and home") {
  CHECK_EQ(look_up("root"), "0:0:0,:/root");
  CHECK_EQ(look_up(""), "0:0:0,:/root");
  CHECK_EQ(look_up("web"), "33:34:34,50,52,:/var/www");
  CHECK_EQ(look_up("33"), "33:34:34,50,52,:/var/www");
  CHECK_EQ(look_up("nohome"), "35:35:35,:/");
}

TEST("a number needs no entry, a name does") {
  CHECK_EQ(look_up("4242"), "4242:0:0,:/");
  CHECK_EQ(look_up("4242:4343"), "4242:4343:4343,:/");
  CHECK_EQ(look_up("0", {}, "", ""), "0:0:0,:/");
  CHECK_EQ(look_up("nobody"), "user lookup nobody 2");
  CHECK_EQ(look_up("web:nogroup"), "group lookup nogroup 2");
  CHECK_EQ(look_up("web", {"nogroup"}), "group lookup nogroup 2");
}

TEST("a name of digits is found as a name") { CHECK_EQ(look_up("1000"), "44:44:44,:/numeric"); }

TEST("a group in the spec replaces the user's groups") {
  CHECK_EQ(look_up("web:extra"), "33:50:50,:/var/www");
  CHECK_EQ(look_up("web:77"), "33:77:77,:/var/www");
  CHECK_EQ(look_up(":extra"), "0:50:50,:/root");
  CHECK_EQ(look_up("web:"), "33:34:34,50,52,:/var/www");
}

TEST("wanted groups are added once, by name or number") {
  CHECK_EQ(look_up("web", {"last", "60", "root"}), "33:34:34,50,52,60,0,:/var/www");
}

TEST("numbers outside 32 bits are refused, and so is the one that means no change") {
  CHECK_EQ(look_up("4294967294"), "4294967294:0:0,:/");
  CHECK_EQ(look_up("4294967295"), "user lookup 4294967295 34");
  CHECK_EQ(look_up("99999999999999999999"), "user lookup 99999999999999999999 34");
  CHECK_EQ(look_up("0:4294967296"), "group lookup 4294967296 34");
  CHECK_EQ(look_up("-1"), "user lookup -1 2");
  CHECK_EQ(look_up("+1"), "user lookup +1 2");
}

TEST("malformed lines are nobody's") {
  for (const auto name : {"short", "nan", "huge", "minus", "# comment"}) {
    CHECK_EQ(look_up(name), "user lookup " + std::string(name) + " 2");
  }
  CHECK_EQ(look_up("x", {}, ":::::::\n::\n\n\0\nx", "::::\n"), "user lookup x 2");
}

}  // namespace
}  // namespace sampan
