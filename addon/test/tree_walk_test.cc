// SPDX-License-Identifier: Apache-2.0
// Removal and measuring of directory trees.
#include "addon/helper/ops/ops.h"
#include "addon/test/test.h"
#include "addon/test/tree_dir.h"

namespace sampan {
namespace {

Status remove_path(const std::string &path) {
  InitContext context;
  return op_remove_tree(context, {.source = path.c_str()});
}

TEST("a tree is removed whatever its modes") {
  TreeDir at;
  at.make_directory("top");
  at.make_directory("top/none");
  at.write("top/none/f", "x");
  at.make_directory("top/none/sub");
  at.write("top/none/sub/f", "x");
  at.make_directory("top/readonly");
  at.write("top/readonly/f", "x");
  at.make_directory("top/no-search");
  at.make_directory("top/no-search/sub");
  for (const auto &[name, mode] :
       {std::pair{"top/none/sub", 0}, {"top/none", 0}, {"top/readonly", 0555}, {"top/no-search", 0600}, {"top", 0}}) {
    fchmodat(at.fd(), name, static_cast<mode_t>(mode), 0);
  }
  const Status removed = remove_path(at.path() + "/top/");
  CHECK_EQ(removed ? "" : removed.error().subject, "");
  CHECK(!at.exists("top"));
}

TEST("removal does not follow symlinks") {
  TreeDir at;
  at.make_directory("kept");
  at.write("kept/f", "x");
  at.make_directory("top");
  CHECK_EQ(symlinkat("../kept", at.fd(), "top/link"), 0);
  CHECK_EQ(symlinkat("kept", at.fd(), "link"), 0);
  CHECK(remove_path(at.path() + "/top").ok());
  CHECK(remove_path(at.path() + "/link").ok());
  CHECK(!at.exists("top"));
  CHECK(!at.exists("link"));
  CHECK_EQ(at.read("kept/f"), "x");
}

TEST("what is missing is removed already") {
  TreeDir at;
  CHECK(remove_path(at.path() + "/missing").ok());
  CHECK(remove_path(at.path() + "/missing/too").ok());
  CHECK_EQ(remove_path(at.path() + "/..").error().number, EINVAL);
  CHECK_EQ(remove_path("/").error().number, EINVAL);
  CHECK_EQ(remove_path("").error().number, EINVAL);
}

TEST("removal stops at a mount point and says where") {
  TreeDir at;
  at.make_directory("top");
  at.make_directory("top/a");
  at.make_directory("top/a/mounted");
  const std::string answer = in_user_namespace([&at] {
    const std::string top = at.path() + "/top";
    const std::string mounted = top + "/a/mounted";
    if (mount("tmpfs", mounted.c_str(), "tmpfs", 0, "size=64k") < 0) return std::string("no tmpfs");
    at.write("top/a/mounted/kept", "x");
    const Error error = remove_path(top).error();
    return std::to_string(error.number == EXDEV && error.subject == mounted && at.exists("top/a/mounted/kept"));
  });
  CHECK_EQ(answer, "1");
}

TEST("usage counts every hard link once, and the top directory") {
  TreeDir at;
  at.make_directory("d");
  at.write("d/f", std::string(100000, 'x'));
  CHECK_EQ(linkat(at.fd(), "d/f", at.fd(), "link", 0), 0);
  CHECK_EQ(symlinkat("d", at.fd(), "s"), 0);
  InitContext context;
  CHECK(op_tree_usage(context, {.source = at.path().c_str()}).ok());
  blkcnt_t blocks = at.status(".").st_blocks;
  for (const char *name : {"d", "d/f", "s"}) blocks += at.status(name).st_blocks;
  CHECK_EQ(context.result.size(), 2U);
  CHECK_EQ(context.result[0].key, "bytes");
  CHECK_EQ(context.result[0].value, static_cast<uint64_t>(blocks) * 512);
  CHECK_EQ(context.result[1].value, 4U);
}

TEST("usage with a key names its counts after it, and counts nothing where nothing is") {
  TreeDir at;
  InitContext context;
  CHECK(op_tree_usage(context, {.source = at.path().c_str(), .key = ":7"}).ok());
  CHECK(op_tree_usage(context, {.source = (at.path() + "/missing").c_str(), .key = ":8"}).ok());
  CHECK_EQ(context.result.size(), 2U);
  CHECK_EQ(context.result[0].key, "bytes:7");
  CHECK_EQ(context.result[1].key, "inodes:7");
}

TEST("usage of something that is not there is an error") {
  TreeDir at;
  InitContext context;
  CHECK_EQ(op_tree_usage(context, {.source = (at.path() + "/missing").c_str()}).error().number, ENOENT);
}

}  // namespace
}  // namespace sampan
