// SPDX-License-Identifier: Apache-2.0
// pack_tar and pack_layer: a tree, or what a container changed of one, as a stream.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "addon/helper/layer_tar.h"
#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"
#include "addon/helper/tar_pack.h"

namespace sampan {
namespace {

constexpr uint32_t kRootOwned = 1;
constexpr uint32_t kNanoseconds = 2;
constexpr uint32_t kFollow = 4;
constexpr uint32_t kOtherOwner = 8;
constexpr uint32_t kCrossMounts = 16;
constexpr uint32_t kFormatList = 1;
constexpr int kPipeSize = 1024 * 1024;

ssize_t write_output(void *context, const char *bytes, size_t size) {
  return write(*static_cast<const int *>(context), bytes, size);
}

// A reader that goes away is an error like others (EPIPE), and the walk may hold two descriptors for every level.
void prepare_output(int output) {
  (void)signal(SIGPIPE, SIG_IGN);
  // Fewer switches between us and the reader; an unprivileged user may have used up the allowance.
  (void)fcntl(output, F_SETPIPE_SZ, kPipeSize);
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

PackOptions options_of(uint32_t flags) {
  return {.root_owned = (flags & kRootOwned) != 0,
          .other_owner = (flags & kOtherOwner) != 0,
          .cross_mounts = (flags & kCrossMounts) != 0,
          .nanoseconds = (flags & kNanoseconds) != 0};
}

void add_counts(InitContext &context, const PackCounts &counts) {
  context.add_result("entries", counts.entries);
  context.add_result("bytes", counts.bytes);
  context.add_result("socketsSkipped", counts.sockets_skipped);
  context.add_result("mountsSkipped", counts.mounts_skipped);
  context.add_result("changed", counts.changed);
}

// The directory that holds what is packed, and its name there.
struct Source {
  unique_fd parent;
  std::string name;
};

// Everything but the last component is resolved inside the root.
Result<Source> find_source(int root, const std::string &path) {
  const size_t end = path.find_last_not_of('/');
  const std::string trimmed = end == std::string::npos ? "" : path.substr(0, end + 1);
  const size_t slash = trimmed.rfind('/');
  const std::string name = slash == std::string::npos ? trimmed : trimmed.substr(slash + 1);
  const std::string parent = slash == std::string::npos ? "/" : trimmed.substr(0, slash + 1);
  if (name.empty() || name == "." || name == "..") return Error{EINVAL, "pack", path};
  auto opened = open_in_root(root, parent.c_str(), O_PATH | O_DIRECTORY);
  if (!opened) return opened.error();
  return Source{opened.take(), name};
}

Result<unique_fd> open_directory(int root, const std::string &path, bool follow) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  return open_in_root(root, path.c_str(), follow ? kFlags : kFlags | O_NOFOLLOW);
}

Status pack(InitContext &context, const pack_tar_args &args, TreeNodeWriter &nodes) {
  const std::string path = args.path == nullptr ? "/" : args.path;
  const std::string name = args.name == nullptr ? "" : args.name;
  auto directory = open_directory(context.root.get(), path, (args.flags & kFollow) != 0);
  if (directory) {
    TreePacker packer(nodes, name);
    return TreeWalk(packer, TreeOrder::by_name).run(directory.take());
  }
  const int problem = directory.error().number;
  // ELOOP: a symlink that is not to be followed (open(2), O_NOFOLLOW with O_DIRECTORY gives ENOTDIR).
  if (problem != ENOTDIR && problem != ELOOP) return directory.error();
  if ((args.flags & kFollow) != 0) {
    const auto file = open_in_root(context.root.get(), path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat status = {};
    const bool is_file = file && fstat(file.value().get(), &status) == 0 && S_ISREG(status.st_mode);
    if (is_file) return nodes.write_open_file(file.value().get(), name);
  }
  auto source = find_source(context.root.get(), path);
  if (!source) return source.error();
  return nodes.write(source.value().parent.get(), source.value().name.c_str(), name);
}

Error with_top(Error error, const char *top) {
  if (top != nullptr && error.subject.empty()) error.subject = top;
  return error;
}

}  // namespace

// #syscalls: openat openat2 fstat newfstatat getdents64 read readlinkat flistxattr fgetxattr write fcntl prlimit64
// #syscalls: rt_sigaction
Status op_pack_tar(InitContext &context, const pack_tar_args &args) {
  int output = args.output;
  prepare_output(output);
  TarWriter tar(write_output, &output);
  TreeNodeWriter nodes(tar, options_of(args.flags));
  if (auto packed = pack(context, args, nodes); !packed) return with_top(packed.error(), args.path);
  if (auto finished = tar.finish(); !finished) return finished;
  add_counts(context, nodes.counts());
  return {};
}

Status op_pack_layer(InitContext &context, const pack_layer_args &args) {
  int output = args.output;
  prepare_output(output);
  const char *path = args.source == nullptr ? "" : args.source;
  unique_fd upper(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!upper) return last_error("open", path);
  std::vector<std::string> ignored;
  for (const char *name : args.ignored) ignored.emplace_back(name);
  if (args.format == kFormatList) {
    ChangeList list(output);
    LayerChanges changes(context.root.get(), ignored, list);
    if (auto walked = TreeWalk(changes, TreeOrder::by_name).run(std::move(upper)); !walked) return walked;
    context.add_result("entries", list.count());
    return list.finish();
  }
  TarWriter tar(write_output, &output);
  TreeNodeWriter nodes(tar, {});
  LayerTar layer(nodes);
  LayerChanges changes(context.root.get(), ignored, layer);
  if (auto walked = TreeWalk(changes, TreeOrder::by_name).run(std::move(upper)); !walked) return walked;
  if (auto finished = tar.finish(); !finished) return finished;
  add_counts(context, nodes.counts());
  return {};
}

}  // namespace sampan
