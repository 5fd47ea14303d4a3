// SPDX-License-Identifier: Apache-2.0
// set_user: from the container's root to the container's user.
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addon/helper/capabilities.h"
#include "addon/helper/link.h"
#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"
#include "addon/helper/user_lookup.h"
#include "addon/sys/file.h"

namespace sampan {

namespace {

constexpr size_t kMaxFile = 8 << 20;

// The text of a file of the image; a missing one is empty. O_NONBLOCK and the check: a fifo must not hold us.
Result<std::string> read_image_file(int root, const char *path) {
  auto file = open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) {
    const int number = file.error().number;
    if (number == ENOENT || number == ENOTDIR) return std::string();
    return file.error();
  }
  struct stat info {};
  if (::fstat(file.value().get(), &info) != 0) return last_error("fstat", path);
  if (!S_ISREG(info.st_mode)) return Error{EINVAL, "not a regular file", path};
  return sys::read_all(file.value().get(), kMaxFile, path);
}

// The terminal or pipes are the user's, so that /dev/stdout can be opened by its path. Only the owner: the group of a
// terminal is tty. A descriptor from elsewhere may refuse, which only means that opening it by path does not work.
void own_stdio(uid_t uid) {
  for (int fd = 0; fd < 3; ++fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) continue;
    if (!S_ISFIFO(info.st_mode) && !S_ISSOCK(info.st_mode) && ::isatty(fd) == 0) continue;
    if (::fchown(fd, uid, static_cast<gid_t>(-1)) != 0) continue;
  }
}

Status set_groups(const InitContext &context, const User &user, bool asked) {
  if (context.setgroups_denied) {
    // What /etc/group says cannot be honoured with one id; what was asked for must be.
    return asked ? Status(Error{EPERM, "setgroups", "more groups need more than one mapped id"}) : Status();
  }
  if (::setgroups(user.groups.size(), user.groups.data()) != 0) return last_error("setgroups");
  return {};
}

// capabilities(7): setresuid(2) from 0 to another id clears the effective set even when the permitted one is kept.
Status raise_effective() {
  auto sets = get_capabilities();
  if (!sets) return sets.error();
  sets.value().effective = sets.value().permitted;
  return put_capabilities(sets.value());
}

Status become(const User &user, const char *spec) {
  if (::prctl(PR_SET_KEEPCAPS, 1) != 0) return last_error("prctl(PR_SET_KEEPCAPS)");
  // EINVAL: the id is not mapped into this container.
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return last_error("setresgid", spec);
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return last_error("setresuid", spec);
  return raise_effective();
}

}  // namespace

// #syscalls: openat2 openat fstat read fchown setgroups setresgid setresuid prctl capget capset
Status op_set_user(InitContext &context, const set_user_args &args) {
  const char *spec = args.spec == nullptr ? "0" : args.spec;
  const auto passwd = read_image_file(context.root.get(), "/etc/passwd");
  if (!passwd) return passwd.error();
  const auto group = read_image_file(context.root.get(), "/etc/group");
  if (!group) return group.error();
  std::vector<std::string_view> wanted;
  for (const char *name : args.groups) wanted.emplace_back(name);
  const auto user = lookup_user(spec, wanted, passwd.value(), group.value());
  if (!user) return user.error();

  own_stdio(user.value().uid);
  if (auto set = set_groups(context, user.value(), !args.groups.empty()); !set) return set;
  if (auto became = become(user.value(), spec); !became) return became;
  context.uid = user.value().uid;
  context.home = user.value().home;
  return die_with_parent(context.link);
}

}  // namespace sampan
