// SPDX-License-Identifier: Apache-2.0
// The mount API on descriptors (Linux 5.2; mount_setattr 5.12), which older C libraries lack. Constants are repeated
// here because <linux/mount.h> and <sys/mount.h> cannot be included together everywhere.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

namespace sampan::sys {

inline constexpr unsigned kOpenTreeClone = 1;
inline constexpr unsigned kOpenTreeCloexec = O_CLOEXEC;
inline constexpr unsigned kAtRecursive = 0x8000;

inline constexpr unsigned kMoveMountFromEmptyPath = 0x4;
inline constexpr unsigned kMoveMountToEmptyPath = 0x40;

inline constexpr unsigned kFsopenCloexec = 1;
inline constexpr unsigned kFsmountCloexec = 1;

inline constexpr unsigned kFsconfigSetFlag = 0;
inline constexpr unsigned kFsconfigSetString = 1;
inline constexpr unsigned kFsconfigCmdCreate = 6;

inline constexpr uint64_t kMountAttrRdonly = 0x1;
inline constexpr uint64_t kMountAttrNosuid = 0x2;
inline constexpr uint64_t kMountAttrNodev = 0x4;
inline constexpr uint64_t kMountAttrNoexec = 0x8;
inline constexpr uint64_t kMountAttrAtimeMask = 0x70;
inline constexpr uint64_t kMountAttrNoatime = 0x10;
inline constexpr uint64_t kMountAttrStrictatime = 0x20;
inline constexpr uint64_t kMountAttrNodiratime = 0x80;
inline constexpr uint64_t kMountAttrNosymfollow = 0x200000;  // Linux 5.14

struct MountAttr {
  uint64_t attr_set = 0;
  uint64_t attr_clr = 0;
  uint64_t propagation = 0;
  uint64_t userns_fd = 0;
};

inline int open_tree(int directory, const char *path, unsigned flags) {
  return static_cast<int>(::syscall(SYS_open_tree, directory, path, flags));
}
inline int move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
  return static_cast<int>(::syscall(SYS_move_mount, from, from_path, to, to_path, flags));
}
inline int fsopen(const char *type, unsigned flags) { return static_cast<int>(::syscall(SYS_fsopen, type, flags)); }
inline int fsconfig(int fs, unsigned command, const char *key, const void *value, int aux) {
  return static_cast<int>(::syscall(SYS_fsconfig, fs, command, key, value, aux));
}
inline int fsmount(int fs, unsigned flags, unsigned attrs) {
  return static_cast<int>(::syscall(SYS_fsmount, fs, flags, attrs));
}
inline int mount_setattr(int directory, const char *path, unsigned flags, const MountAttr &attr) {
  return static_cast<int>(::syscall(SYS_mount_setattr, directory, path, flags, &attr, sizeof attr));
}
// pivot_root(2) has no wrapper in any C library.
inline int pivot_root(const char *new_root, const char *put_old) {
  return static_cast<int>(::syscall(SYS_pivot_root, new_root, put_old));
}

}  // namespace sampan::sys
