// SPDX-License-Identifier: Apache-2.0
// What several operations do with mounts, all on descriptors.
#pragma once

#include <cstdint>
#include <string>

#include "addon/sys/mount.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// MS_* of mount(2) as MOUNT_ATTR_* of fsmount(2); what has no attribute belongs to the file system itself.
uint64_t to_mount_attributes(uint64_t ms_flags);

// A detached copy of the mount (or tree of mounts) at a path. open_tree(2)
Result<unique_fd> clone_tree(int directory, const char *path, bool recursive);

// Puts a detached mount on what `target` refers to. move_mount(2)
Status attach_tree(int tree, int target, const char *subject);

// Sets attributes on every mount of a tree and puts it on the target: before it is visible where the kernel has
// mount_setattr(2) (Linux 5.12), else at once after, mount by mount; it never stays behind with fewer attributes.
Status attach_with_attributes(int tree, int target, uint64_t attributes, const char *subject);

// mount(2) MS_PRIVATE and the like, on the attached mount behind a descriptor.
Status set_propagation(int mount, uint64_t propagation, const char *subject);

// Sets attributes on one attached mount and not on those below it.
Status add_attributes(int mount, uint64_t attributes, const char *subject);

// A context of fsopen(2) whose errors carry what the kernel says (the context's message queue, fsopen(2) man page).
class FileSystem {
 public:
  static Result<FileSystem> open(const char *type);

  Status set(const char *key, const char *value);
  Status set_flag(const char *key);
  // Creates the instance and a detached mount of it.
  Result<unique_fd> mount(uint64_t attributes);

 private:
  explicit FileSystem(unique_fd context) : context_(std::move(context)) {}
  Error failed(const char *call, const char *subject) const;

  unique_fd context_;
};

// For system calls that take paths only. proc(5): the link leads to exactly what the descriptor refers to.
std::string descriptor_path(int fd);

}  // namespace sampan
