// SPDX-License-Identifier: Apache-2.0
// open_path and write_host_file: `system check` asks the kernel by doing.
#include <fcntl.h>

#include "addon/helper/ops/ops.h"
#include "addon/sys/file.h"

namespace sampan {

// #syscalls: open
Status op_open_path(InitContext &, const open_path_args &args) {
  if (args.source == nullptr) return Error{EINVAL, "open", "no path"};
  const unique_fd file(::open(args.source, static_cast<int>(args.flags) | O_CLOEXEC | O_NOCTTY));
  return file ? Status() : Status(last_error("open", args.source));
}

// #syscalls: open write
Status op_write_host_file(InitContext &, const write_host_file_args &args) {
  if (args.source == nullptr) return Error{EINVAL, "open", "no path"};
  return sys::write_kernel_file(args.source, args.content == nullptr ? "" : args.content);
}

}  // namespace sampan
