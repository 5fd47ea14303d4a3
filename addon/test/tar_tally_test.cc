// SPDX-License-Identifier: Apache-2.0
// Unpacking: what is counted on the way is what a walk over the tree finds, and directories have the archive's times
// whatever was put into them, and when.
#include <optional>

#include "addon/helper/tree_usage.h"
#include "addon/test/unpack_dir.h"

namespace sampan {
namespace {

constexpr time_t kArchiveTime = 1000000000;

struct Counted {
  std::optional<TreeUsage> usage;
  TreeUsage walked;
};

Counted count(const Destination &at, TarBuilder &tar, const UnpackOptions &options = kOneOwner) {
  tar.end();
  MemoryStream stream{tar.bytes(), 100000};
  TarInput input(MemoryStream::read, &stream);
  TarReader reader(input);
  TarUnpacker unpacker(reader, unique_fd(fcntl(at.root.get(), F_DUPFD_CLOEXEC, 0)), options);
  CHECK(unpacker.run().ok());
  CHECK_EQ(syncfs(at.root.get()), 0);
  const auto walked = measure_tree(unique_fd(openat(at.root.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  CHECK(walked.ok());
  return {unpacker.usage(), walked.value()};
}

void check_same(const Counted &counted) {
  CHECK(counted.usage.has_value());
  if (!counted.usage) return;
  CHECK_EQ(counted.usage->bytes, counted.walked.bytes);
  CHECK_EQ(counted.usage->inodes, counted.walked.inodes);
}

// No other file system's figures are final at once.
bool counts_at_once(int directory) {
  TarTally tally;
  tally.start_counting(directory);
  return tally.usage().has_value();
}

TEST("files, links, fifos, whiteouts and directories are counted as a walk counts them") {
  Destination at;
  if (!counts_at_once(at.root.get())) return;
  TarBuilder tar;
  tar.directory("./").directory("d").file("d/f").add({.name = "d/empty"}).hard_link("h", "d/f").hard_link("d/g", "h");
  tar.symlink("s", "d/f").symlink("long", std::string(90, 'n')).add({.name = "p", .type = '6'}).file(".wh.gone");
  tar.file("a/b/c/implied").file("a/b/back").file("d/.wh..wh..opq");
  tar.pax(TarBuilder::record("SCHILY.xattr.user.large", std::string(3000, 'x'))).file("attributed");
  check_same(count(at, tar));
}

TEST("an archive of nothing takes what its root takes") {
  Destination at;
  if (!counts_at_once(at.root.get())) return;
  TarBuilder tar;
  check_same(count(at, tar));
}

TEST("files that are large or sparse are counted") {
  Destination at;
  if (!counts_at_once(at.root.get())) return;
  TarBuilder tar;
  tar.directory("d")
      .add({.name = "d/large"}, std::string(3'000'000, 'x'))
      .symlink("l", "d")
      .hard_link("again", "d/large");
  tar.add({.name = "l/medium"}, std::string(70'000, 'x'));
  tar.pax(TarBuilder::record("GNU.sparse.major", "1") + TarBuilder::record("GNU.sparse.minor", "0") +
          TarBuilder::record("GNU.sparse.realsize", "10000000"));
  tar.add({.name = "sparse"}, TarBuilder::padded("1\n9000000\n5\n") + "abcde");
  check_same(count(at, tar));
  CHECK_EQ(at.status("root/sparse").st_size, 10000000);
}

TEST("a directory that grows is counted with its growth") {
  Destination at;
  if (!counts_at_once(at.root.get())) return;
  TarBuilder tar;
  tar.directory("d").directory("e");
  for (int index = 0; index < 300; ++index) {
    const std::string name = std::string(90, 'n') + std::to_string(index);
    tar.file("d/" + name).file(index % 100 == 0 ? "e/" + name : name);
  }
  check_same(count(at, tar));
}

TEST("nobody knows the usage once something was replaced") {
  for (const char *way : {"file", "directory", "symlink", "whiteout"}) {
    Destination at;
    TarBuilder tar;
    const std::string what(way);
    if (what == "file") tar.file("x").file("x");
    if (what == "directory") tar.file("x/y").file("x");
    if (what == "symlink") tar.symlink("x", "y").directory("x");
    if (what == "whiteout") tar.file(".wh.x").file("x/y");
    CHECK(!count(at, tar).usage.has_value());
  }
}

TEST("nobody knows the usage of a directory that had content") {
  Destination at;
  at.write("root/mine", "kept");
  TarBuilder tar;
  tar.file("f");
  const UnpackOptions options{.metadata = {.keep_owner = false}, .plain_rootfs = true, .into_existing = true};
  CHECK(!count(at, tar, options).usage.has_value());
}

TEST("a directory has its time again whenever something was put into it") {
  Destination at;
  TarBuilder tar;
  tar.directory("./").directory("d").directory("d/e").file("d/e/f").directory("other").symlink("way", "d/e");
  // the ways: back to it, through a symlink, as a missing directory, by a link and by a whiteout
  tar.file("d/late").file("way/late").file("other/x/y/f").hard_link("d/e/link", "d/late").file("other/.wh.gone");
  tar.file("late");
  CHECK_EQ(at.unpack(tar).subject, "");
  for (const char *name : {"root", "root/d", "root/d/e", "root/other"}) {
    CHECK_EQ(at.status(name).st_mtim.tv_sec, kArchiveTime);
  }
}

TEST("a directory that comes after its content, or twice, has the last time") {
  Destination at;
  TarBuilder tar;
  tar.file("d/f").directory("d").pax(TarBuilder::record("mtime", "7.5")).directory("e").file("e/f");
  tar.pax(TarBuilder::record("mtime", "9.25")).directory("e");
  CHECK_EQ(at.unpack(tar).subject, "");
  CHECK_EQ(at.status("root/d").st_mtim.tv_sec, kArchiveTime);
  CHECK_EQ(at.status("root/e").st_mtim.tv_sec, 9);
  CHECK_EQ(at.status("root/e").st_mtim.tv_nsec, 250'000'000);
}

TEST("a directory that nobody described does not get the time of one that was removed") {
  Destination at;
  TarBuilder tar;
  // their inode numbers are free again at once on some file systems
  tar.directory("x").directory("x/in").directory("x/on").file("x").file("y/f").file("z/f");
  CHECK_EQ(at.unpack(tar).subject, "");
  for (const char *name : {"root/y", "root/z"}) CHECK(at.status(name).st_mtim.tv_sec > kArchiveTime);
}

}  // namespace
}  // namespace sampan
