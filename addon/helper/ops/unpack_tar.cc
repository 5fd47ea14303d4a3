// SPDX-License-Identifier: Apache-2.0
// unpack_tar: the layer comes as a stream that nobody has to trust (tar_unpack.h).
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"
#include "addon/helper/tar_unpack.h"
#include "addon/helper/tree_usage.h"

namespace sampan {
namespace {

constexpr uint32_t kOwnersCannotBeSet = 1;
constexpr uint32_t kPlainRootfs = 2;
constexpr int kPipeSize = 1024 * 1024;

void add_counts(InitContext &context, const UnpackCounts &counts) {
  context.add_result("entries", counts.entries);
  context.add_result("devicesSkipped", counts.devices_skipped);
  context.add_result("xattrsSkipped", counts.xattrs_skipped);
}

ssize_t read_input(void *context, char *buffer, size_t size) {
  return read(*static_cast<const int *>(context), buffer, size);
}

}  // namespace

// #syscalls: read pwrite64 openat openat2 mkdirat mknodat symlinkat linkat unlinkat fstat newfstatat fchown fchownat
// #syscalls: fchmod fchmodat fsetxattr utimensat ftruncate getdents64 umask fcntl fstatfs syncfs
Status op_unpack_tar(InitContext &context, const unpack_tar_args &args) {
  const char *path = args.source == nullptr ? "" : args.source;
  unique_fd directory(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return last_error("open", path);
  unique_fd synced(fcntl(directory.get(), F_DUPFD_CLOEXEC, 0));
  if (!synced) return last_error("fcntl", path);
  int input_fd = args.input;
  // Fewer switches between the writer and us. An unprivileged user may have used up the allowance; then it stays 64
  // KiB.
  (void)fcntl(input_fd, F_SETPIPE_SZ, kPipeSize);
  TarInput input(read_input, &input_fd);
  TarReader reader(input);
  const UnpackOptions options{.metadata = {.keep_owner = (args.flags & kOwnersCannotBeSet) == 0},
                              .plain_rootfs = (args.flags & kPlainRootfs) != 0};
  TarUnpacker unpacker(reader, std::move(directory), options);
  Status unpacked = unpacker.run();
  if (!unpacked) return unpacked;
  // A layer is known as whole by its record, which others write next: no power cut may leave the one without the other.
  // syncfs(2) reports errors of write-back since Linux 5.8.
  if (syncfs(synced.get()) < 0) return last_error("syncfs", path);
  const auto counted = unpacker.usage();
  const Result<TreeUsage> usage = counted ? Result<TreeUsage>(*counted) : measure_tree(std::move(synced));
  if (!usage) return usage.error();
  add_counts(context, unpacker.counts());
  context.add_result("bytes", usage.value().bytes);
  context.add_result("inodes", usage.value().inodes);
  return {};
}

// #syscalls: fstatat
Status op_unpack_into(InitContext &context, const unpack_into_args &args) {
  const char *path = args.path == nullptr ? "/" : args.path;
  auto directory = open_in_root(context.root.get(), path, O_RDONLY | O_DIRECTORY);
  if (!directory) return directory.error();
  int input_fd = args.input;
  (void)fcntl(input_fd, F_SETPIPE_SZ, kPipeSize);
  TarInput input(read_input, &input_fd);
  TarReader reader(input);
  const UnpackOptions options{
      .metadata = {.keep_owner = (args.flags & kOwnersCannotBeSet) == 0}, .plain_rootfs = true, .into_existing = true};
  TarUnpacker unpacker(reader, directory.take(), options);
  if (auto unpacked = unpacker.run(); !unpacked) return unpacked;
  add_counts(context, unpacker.counts());
  return {};
}

}  // namespace sampan
