// SPDX-License-Identifier: Apache-2.0
// remove_tree: Node's own rm cannot enter what a container's ids own, so removal happens in the user namespace.
#include <fcntl.h>

#include <string>

#include "addon/helper/ops/ops.h"
#include "addon/helper/tree_remove.h"

namespace sampan {

// The parent is the caller's own directory and may be reached through symlinks; the tree itself never is.
// #syscalls: openat openat2 fstat getdents64 unlinkat fchmod fchmodat2
Status op_remove_tree(InitContext &, const remove_tree_args &args) {
  std::string path = args.source == nullptr ? "" : args.source;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") return Error{EINVAL, "remove_tree", path};
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const unique_fd directory(open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return errno == ENOENT ? Status() : Status(last_error("open", parent));
  Status removed = remove_tree_at(directory.get(), name.c_str());
  if (removed) return {};
  Error error = removed.error();
  error.subject = error.subject.empty() ? path : path + "/" + error.subject;
  return error;
}

}  // namespace sampan
