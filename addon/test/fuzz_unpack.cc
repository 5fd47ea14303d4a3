// SPDX-License-Identifier: Apache-2.0
// The unpacker on archives of few names in every order: directories that come late or twice, links to and through each
// other, whiteouts, names that lead out. Whatever happens, nothing outside is touched; and when it succeeds, what was
// counted is what a walk finds, and directories have the times of the archive.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "addon/helper/tree_usage.h"
#include "addon/test/namespace_root.h"
#include "addon/test/unpack_dir.h"

namespace sampan {
namespace {

constexpr const char *kNames[] = {"./",
                                  "a",
                                  "b",
                                  "a/b",
                                  "a/b/c",
                                  "b/d/e",
                                  "a/l",
                                  "a/l/x",
                                  "l",
                                  "l/y",
                                  ".wh.a",
                                  "a/.wh.b",
                                  "a/b/.wh..wh..opq",
                                  "../x",
                                  "a/../../x",
                                  "b/d"};
constexpr const char *kLinks[] = {"a", "../a", "/b", "b/d", "..", "../outside", "l", "a/b/c", "../../outside/secret",
                                  "/"};
constexpr time_t kArchiveTime = 1000000000;
constexpr size_t kMaxBytes = 120;

struct Archive {
  TarBuilder tar;
  std::vector<std::string> directories;
  bool has_symlinks = false;
};

Archive archive_of(const uint8_t *data, size_t size) {
  Archive archive;
  TarBuilder &tar = archive.tar;
  for (size_t at = 0; at + 2 < std::min(size, kMaxBytes); at += 3) {
    const std::string name = kNames[data[at] % std::size(kNames)];
    const std::string link = kLinks[data[at + 2] % std::size(kLinks)];
    switch (data[at + 1] % 7) {
      case 0:
      case 1:
        tar.directory(name);
        archive.directories.push_back(name);
        break;
      case 2:
        tar.symlink(name, link);
        archive.has_symlinks = true;
        break;
      case 3:
        tar.hard_link(name, link);
        break;
      case 4:
        tar.add({.name = name, .type = '6'});
        break;
      default:
        tar.file(name, std::string(size_t{data[at + 2]} * 300, 'x'));
        break;
    }
  }
  tar.end();
  return archive;
}

void require(bool holds) {
  if (!holds) abort();
}

void check_outside(const Destination &at) {
  require(at.read("outside/secret") == "untouched");
  require(at.status("outside/secret").st_nlink == 1);
  require(at.status("outside").st_nlink == 2);
  require(!at.exists("x") && !at.exists("outside/x") && !at.exists("outside/y"));
}

void check_usage(const Destination &at, const TreeUsage &counted) {
  const auto walked = measure_tree(unique_fd(openat(at.root.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  require(walked.ok());
  require(walked.value().bytes == counted.bytes && walked.value().inodes == counted.inodes);
}

// Only where nothing was removed does a name still mean what was described, and without symlinks only one thing.
void check_times(const Destination &at, const Archive &archive) {
  for (const std::string &name : archive.directories) {
    const struct stat status = at.status("root/" + name);
    if (S_ISDIR(status.st_mode)) require(status.st_mtim.tv_sec == kArchiveTime);
  }
}

}  // namespace
}  // namespace sampan

// Before libFuzzer starts its thread.
extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  sampan::require(sampan::test::be_root());
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace sampan;
  Destination at;
  Archive archive = archive_of(data, size);
  const std::string bytes = archive.tar.bytes();
  MemoryStream stream{bytes, 100000};
  TarInput input(MemoryStream::read, &stream);
  TarReader reader(input);
  TarUnpacker unpacker(reader, unique_fd(fcntl(at.root.get(), F_DUPFD_CLOEXEC, 0)), kOneOwner);
  const Status done = unpacker.run();
  check_outside(at);
  if (!done) return 0;
  const auto usage = unpacker.usage();
  if (usage) check_usage(at, *usage);
  if (usage && !archive.has_symlinks) check_times(at, archive);
  return 0;
}
