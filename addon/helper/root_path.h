// SPDX-License-Identifier: Apache-2.0
// Paths inside the root under construction, whose content (an image) is hostile: symlinks and ".." never lead out.
#pragma once

#include <sys/types.h>

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

// Opens an existing path. openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, O_CLOEXEC added to flags.
Result<unique_fd> open_in_root(int root, const char *path, int flags);

enum class Crossing { any_mount, same_mount };

// Opens what lies below `start` without following any symlink: ELOOP for one, EXDEV for ".." and, with same_mount, for
// another mount. openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS [| RESOLVE_NO_XDEV], O_CLOEXEC added to flags.
Result<unique_fd> open_beneath(int start, const char *path, int flags, Crossing crossing);

enum class Missing { fail, make_directory, make_file };

// O_PATH descriptor of a path; what is missing of it is made: directories on the way with mode 0755, the last
// component with `mode`. A symlink that leads nowhere is followed inside the root and its target made, as image
// builders expect of /etc/resolv.conf -> ../run/systemd/resolve/resolv.conf.
Result<unique_fd> reach_in_root(int root, const char *path, Missing missing, mode_t mode);

// Like reach_in_root(make_directory) for everything but the last component, which is not looked at. `name` points into
// `path`; EINVAL when the path has no last component of its own (/, ., ..).
struct Place {
  unique_fd directory;
  const char *name = nullptr;
};
Result<Place> place_in_root(int root, const char *path);

}  // namespace sampan
