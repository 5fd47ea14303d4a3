// SPDX-License-Identifier: Apache-2.0
// mount_fs: a new instance of a file system (proc, sysfs, tmpfs, devpts, mqueue, cgroup2).
#include <sys/mount.h>

#include <string>
#include <string_view>

#include "addon/helper/mount_tree.h"
#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"

namespace sampan {

namespace {

// One word of mount(8)'s -o: key or key=value.
Status set_option(FileSystem &file_system, std::string_view word) {
  if (word.empty()) return {};
  const size_t equals = word.find('=');
  const std::string key(word.substr(0, equals));
  if (equals == std::string_view::npos) return file_system.set_flag(key.c_str());
  return file_system.set(key.c_str(), std::string(word.substr(equals + 1)).c_str());
}

Status set_options(FileSystem &file_system, std::string_view data) {
  while (!data.empty()) {
    const size_t end = std::min(data.find(','), data.size());
    if (auto set = set_option(file_system, data.substr(0, end)); !set) return set;
    data.remove_prefix(std::min(end + 1, data.size()));
  }
  return {};
}

// What of MS_* belongs to the file system and not to the mount. Read-only is the mount's: a cgroup2 instance is shared
// with the host, whose flags are not ours to change.
Status set_super_flags(FileSystem &file_system, uint64_t flags) {
  constexpr struct {
    uint64_t flag;
    const char *key;
  } kFlags[] = {{MS_SYNCHRONOUS, "sync"}, {MS_DIRSYNC, "dirsync"}, {MS_MANDLOCK, "mand"}, {1 << 25, "lazytime"}};
  for (const auto &[flag, key] : kFlags) {
    if ((flags & flag) == 0) continue;
    if (auto set = file_system.set_flag(key); !set) return set;
  }
  return {};
}

}  // namespace

// #syscalls: fsopen fsconfig fsmount openat2 openat mkdirat move_mount
Status op_mount_fs(InitContext &context, const mount_fs_args &args) {
  if (args.fstype == nullptr || args.target == nullptr) return Error{EINVAL, "fsopen", "no type"};
  constexpr mode_t kMode = 0755;
  auto target =
      reach_in_root(context.root.get(), args.target, args.create != 0 ? Missing::make_directory : Missing::fail, kMode);
  if (!target) return target.error();
  auto opened = FileSystem::open(args.fstype);
  if (!opened) return opened.error();
  FileSystem &file_system = opened.value();
  if (auto set = file_system.set("source", args.source == nullptr ? args.fstype : args.source); !set) return set;
  if (auto set = set_super_flags(file_system, args.flags); !set) return set;
  if (args.data != nullptr) {
    if (auto set = set_options(file_system, args.data); !set) return set;
  }
  auto tree = file_system.mount(to_mount_attributes(args.flags));
  if (!tree) {
    Error error = tree.error();
    error.subject = args.target;
    return error;
  }
  return attach_tree(tree.value().get(), target.value().get(), args.target);
}

}  // namespace sampan
