// SPDX-License-Identifier: Apache-2.0
// Paths of hostile images never lead out of the root.
#include "addon/helper/root_path.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>

#include <cstdio>
#include <string>

#include "addon/helper/remount.h"
#include "addon/test/temp_dir.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

// A directory "root" beside a directory "outside" that nothing may touch.
class Tree {
 public:
  Tree() {
    for (const char *name : {"/outside", "/root", "/root/dir", "/root/dir/sub"}) make_directory(name);
    link("../../../../../../outside", "/root/up");
    link("/outside", "/root/absolute");
    link("dir/sub", "/root/inner");
    link("../run/missing/file", "/root/dir/dangling");
    link("loop", "/root/loop");
    link("/proc/self/root", "/root/magic");
    file("/root/dir/file");
    root_.reset(::open(path("/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  Tree(const Tree &) = delete;
  Tree &operator=(const Tree &) = delete;
  ~Tree() {
    const auto remove = [](const char *name, const struct stat *, int, FTW *) { return ::remove(name); };
    constexpr int kDescriptors = 16;
    CHECK_EQ(::nftw(directory_.path().c_str(), remove, kDescriptors, FTW_DEPTH | FTW_PHYS), 0);
  }
  int root() const { return root_.get(); }
  std::string path(const std::string &name) const { return directory_.path() + name; }
  bool exists(const std::string &name) const {
    struct stat info {};
    return ::lstat(path(name).c_str(), &info) == 0;
  }

 private:
  void make_directory(const std::string &name) { CHECK_EQ(::mkdir(path(name).c_str(), 0755), 0); }
  void link(const char *to, const std::string &name) { CHECK_EQ(::symlink(to, path(name).c_str()), 0); }
  void file(const std::string &name) {
    CHECK(unique_fd(::open(path(name).c_str(), O_CREAT | O_WRONLY, 0644)).get() >= 0);
  }

  TempDir directory_;
  unique_fd root_;
};

// Where a path led, relative to the tree; the errno when it led nowhere.
std::string reach(const Tree &tree, const char *name, Missing missing = Missing::fail) {
  const auto reached = reach_in_root(tree.root(), name, missing, 0700);
  if (!reached) return std::to_string(reached.error().number);
  char target[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(reached.value().get());
  const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
  return std::string(target, static_cast<size_t>(size)).substr(tree.path("").size());
}

TEST("existing paths are reached inside the root") {
  const Tree tree;
  CHECK_EQ(reach(tree, "/"), "/root");
  CHECK_EQ(reach(tree, "/dir/sub"), "/root/dir/sub");
  CHECK_EQ(reach(tree, "dir//./sub/.."), "/root/dir");
  CHECK_EQ(reach(tree, "/../../dir/file"), "/root/dir/file");
  CHECK_EQ(reach(tree, "/inner"), "/root/dir/sub");
  CHECK_EQ(reach(tree, "/inner/.."), "/root/dir");
  CHECK_EQ(reach(tree, "/nope"), std::to_string(ENOENT));
  CHECK_EQ(reach(tree, "/up"), std::to_string(ENOENT));
  CHECK_EQ(reach(tree, "/loop"), std::to_string(ELOOP));
  CHECK_EQ(reach(tree, "/dir/file/x"), std::to_string(ENOTDIR));
}

TEST("what is made through hostile symlinks is made inside the root") {
  const Tree tree;
  CHECK_EQ(reach(tree, "/up/x", Missing::make_directory), "/root/outside/x");
  CHECK_EQ(reach(tree, "/absolute/y", Missing::make_file), "/root/outside/y");
  CHECK_EQ(reach(tree, "/new/../../../z", Missing::make_directory), "/root/z");
  CHECK_EQ(reach(tree, "/magic/q", Missing::make_directory), "/root/proc/self/root/q");
  CHECK(!tree.exists("/outside/x"));
  CHECK(!tree.exists("/outside/y"));
  CHECK(!tree.exists("/z"));
}

TEST("the target of a dangling symlink is made, as for /etc/resolv.conf") {
  const Tree tree;
  CHECK_EQ(reach(tree, "/dir/dangling", Missing::make_file), "/root/run/missing/file");
  CHECK(tree.exists("/root/dir/dangling"));
}

TEST("what is made has the mode that was asked for, and what leads there 0755") {
  const Tree tree;
  const mode_t before = ::umask(0);
  CHECK_EQ(reach(tree, "/a/b", Missing::make_directory), "/root/a/b");
  ::umask(before);
  struct stat info {};
  CHECK_EQ(::stat(tree.path("/root/a").c_str(), &info), 0);
  CHECK_EQ(info.st_mode & 07777, 0755);
  CHECK_EQ(::stat(tree.path("/root/a/b").c_str(), &info), 0);
  CHECK_EQ(info.st_mode & 07777, 0700);
}

TEST("a loop and a file on the way are errors, and nothing is made") {
  const Tree tree;
  CHECK_EQ(reach(tree, "/loop/x", Missing::make_directory), std::to_string(ELOOP));
  CHECK_EQ(reach(tree, "/dir/file/x", Missing::make_directory), std::to_string(ENOTDIR));
  CHECK_EQ(reach(tree, ("/" + std::string(300, 'n')).c_str(), Missing::make_file), std::to_string(ENAMETOOLONG));
}

TEST("a file is opened for reading inside the root only") {
  const Tree tree;
  CHECK(open_in_root(tree.root(), "/dir/file", O_RDONLY).ok());
  CHECK(!open_in_root(tree.root(), "/absolute", O_RDONLY).ok());
  CHECK_EQ(open_in_root(-1, "/dir/file", O_RDONLY).error().number, EINVAL);
}

TEST("what lies below is opened without following any symlink") {
  const Tree tree;
  const auto open = [&](const char *path) {
    return open_beneath(tree.root(), path, O_PATH | O_DIRECTORY, Crossing::same_mount);
  };
  CHECK(open("dir/sub").ok());
  CHECK_EQ(open("inner").error().number, ELOOP);
  CHECK_EQ(open("inner/x").error().number, ELOOP);
  CHECK_EQ(open("dir/../dir/../..").error().number, EXDEV);
  CHECK_EQ(open("dir/file").error().number, ENOTDIR);
  CHECK_EQ(open("nowhere").error().number, ENOENT);
}

TEST("a place is a directory and a name that is not followed") {
  const Tree tree;
  const auto place = place_in_root(tree.root(), "/x/y/inner");
  CHECK(place.ok());
  if (place) CHECK_EQ(std::string(place.value().name), "inner");
  CHECK(tree.exists("/root/x/y"));
  CHECK(place_in_root(tree.root(), "/up").ok());
  for (const char *bad : {"/", "", "/dir/..", "/dir/."}) CHECK(!place_in_root(tree.root(), bad).ok());
}

TEST("mount points below a path are found, unescaped, and no others") {
  constexpr std::string_view kMountinfo =
      "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
      "23 22 0:21 / /data rw - tmpfs tmpfs rw\n"
      "24 23 0:22 / /data/a\\040b\\134c rw - tmpfs tmpfs rw\n"
      "25 22 0:23 / /database rw - tmpfs tmpfs rw\n"
      "short\n\n"
      "26 23 0:22 / /data/x";
  std::string found;
  for (const auto &point : mount_points_below(kMountinfo, "/data")) found += point + '|';
  CHECK_EQ(found, "/data|/data/a b\\c|/data/x|");
  CHECK_EQ(mount_points_below(kMountinfo, "/").size(), 7);
}

}  // namespace
}  // namespace sampan
