// SPDX-License-Identifier: Apache-2.0
// Mounts by descriptor.
#include "addon/helper/mount_tree.h"

#include "addon/helper/remount.h"

namespace sampan {

namespace {

bool is_missing(int number) {
  // mount_setattr(2) is Linux 5.12; filters of outer containers answer EPERM for calls that they do not know. A real
  // EPERM (a locked flag) shows again in the fallback.
  return number == ENOSYS || number == EPERM;
}

sys::MountAttr to_attr(uint64_t attributes) {
  sys::MountAttr attr{.attr_set = attributes};
  // mount_setattr(2): the access time modes are one field, which must be cleared to be set.
  if ((attributes & sys::kMountAttrAtimeMask) != 0) attr.attr_clr = sys::kMountAttrAtimeMask;
  return attr;
}

}  // namespace

std::string descriptor_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

uint64_t to_mount_attributes(uint64_t ms_flags) {
  uint64_t attributes = 0;
  if ((ms_flags & MS_RDONLY) != 0) attributes |= sys::kMountAttrRdonly;
  if ((ms_flags & MS_NOSUID) != 0) attributes |= sys::kMountAttrNosuid;
  if ((ms_flags & MS_NODEV) != 0) attributes |= sys::kMountAttrNodev;
  if ((ms_flags & MS_NOEXEC) != 0) attributes |= sys::kMountAttrNoexec;
  if ((ms_flags & MS_NODIRATIME) != 0) attributes |= sys::kMountAttrNodiratime;
  if ((ms_flags & MS_NOATIME) != 0) {
    attributes |= sys::kMountAttrNoatime;
  } else if ((ms_flags & MS_STRICTATIME) != 0) {
    attributes |= sys::kMountAttrStrictatime;
  }
  constexpr uint64_t kNosymfollow = 256;  // MS_NOSYMFOLLOW, Linux 5.10; older headers lack it
  if ((ms_flags & kNosymfollow) != 0) attributes |= sys::kMountAttrNosymfollow;
  return attributes;
}

Result<unique_fd> clone_tree(int directory, const char *path, bool recursive) {
  unsigned flags = sys::kOpenTreeClone | sys::kOpenTreeCloexec;
  if (recursive) flags |= sys::kAtRecursive;
  if (path[0] == '\0') flags |= AT_EMPTY_PATH;
  unique_fd tree(sys::open_tree(directory, path, flags));
  if (!tree) return last_error("open_tree", path);
  return tree;
}

Status attach_tree(int tree, int target, const char *subject) {
  constexpr unsigned kFlags = sys::kMoveMountFromEmptyPath | sys::kMoveMountToEmptyPath;
  if (sys::move_mount(tree, "", target, "", kFlags) != 0) return last_error("move_mount", subject);
  return {};
}

Status attach_with_attributes(int tree, int target, uint64_t attributes, const char *subject) {
  if (attributes == 0) return attach_tree(tree, target, subject);
  if (sys::mount_setattr(tree, "", AT_EMPTY_PATH | sys::kAtRecursive, to_attr(attributes)) == 0) {
    return attach_tree(tree, target, subject);
  }
  if (!is_missing(errno)) return last_error("mount_setattr", subject);
  if (auto attached = attach_tree(tree, target, subject); !attached) return attached;
  return remount_tree(tree, attributes, subject);
}

Status set_propagation(int mount, uint64_t propagation, const char *subject) {
  if (propagation == 0) return {};
  const std::string path = descriptor_path(mount);
  if (::mount(nullptr, path.c_str(), nullptr, static_cast<unsigned long>(propagation), nullptr) != 0) {
    return last_error("mount(propagation)", subject);
  }
  return {};
}

Status add_attributes(int mount, uint64_t attributes, const char *subject) {
  if (sys::mount_setattr(mount, "", AT_EMPTY_PATH, to_attr(attributes)) == 0) return {};
  if (!is_missing(errno)) return last_error("mount_setattr", subject);
  return remount_one(mount, attributes, subject);
}

Result<FileSystem> FileSystem::open(const char *type) {
  unique_fd context(sys::fsopen(type, sys::kFsopenCloexec));
  if (!context) return last_error("fsopen", type);
  return FileSystem(std::move(context));
}

Status FileSystem::set(const char *key, const char *value) {
  if (sys::fsconfig(context_.get(), sys::kFsconfigSetString, key, value, 0) != 0) return failed("fsconfig", key);
  return {};
}

Status FileSystem::set_flag(const char *key) {
  if (sys::fsconfig(context_.get(), sys::kFsconfigSetFlag, key, nullptr, 0) != 0) return failed("fsconfig", key);
  return {};
}

Result<unique_fd> FileSystem::mount(uint64_t attributes) {
  if (sys::fsconfig(context_.get(), sys::kFsconfigCmdCreate, nullptr, nullptr, 0) != 0) {
    return failed("fsconfig(create)", "");
  }
  unique_fd tree(sys::fsmount(context_.get(), sys::kFsmountCloexec, static_cast<unsigned>(attributes)));
  if (!tree) return failed("fsmount", "");
  return tree;
}

Error FileSystem::failed(const char *call, const char *subject) const {
  Error error = last_error(call, subject);
  char message[512];
  // Each read gives one message, "e overlay: ..."; ENODATA when there is none.
  const ssize_t size = ::read(context_.get(), message, sizeof message);
  if (size > 2) error.detail.assign(message + 2, static_cast<size_t>(size) - 2);
  while (!error.detail.empty() && error.detail.back() == '\n') error.detail.pop_back();
  return error;
}

}  // namespace sampan
