// SPDX-License-Identifier: Apache-2.0
// What a restart writes over files that a container has bound, whatever it has made of them.
#include "addon/helper/restart_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "addon/test/temp_dir.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

RestartFile hosts_in(const TempDir &directory) {
  directory.write("from", "new\n");
  return {.directory = directory.fd(), .name = "hosts", .from = "from"};
}

TEST("a file is written over in place, longer or shorter than it was") {
  for (const char *old : {"", "something much longer\nthan that\n"}) {
    TempDir directory;
    directory.write("hosts", old);
    const ino_t inode = directory.inode("hosts");
    CHECK(static_cast<bool>(reset_file(hosts_in(directory))));
    CHECK_EQ(directory.read("hosts"), "new\n");
    CHECK_EQ(directory.inode("hosts"), inode);
  }
}

TEST("a link is replaced, not followed") {
  TempDir directory;
  directory.write("secret", "secret");
  CHECK_EQ(symlinkat("secret", directory.fd(), "hosts"), 0);
  CHECK(static_cast<bool>(reset_file(hosts_in(directory))));
  CHECK_EQ(directory.read("secret"), "secret");
  CHECK_EQ(directory.read("hosts"), "new\n");
  CHECK_EQ(directory.mode("hosts"), 0644U);
}

TEST("a fifo is replaced, not waited for") {
  TempDir directory;
  CHECK_EQ(mkfifoat(directory.fd(), "hosts", 0644), 0);
  CHECK(static_cast<bool>(reset_file(hosts_in(directory))));
  CHECK_EQ(directory.read("hosts"), "new\n");
}

TEST("without the content to come nothing is touched") {
  TempDir directory;
  directory.write("hosts", "old");
  CHECK(!reset_file({.directory = directory.fd(), .name = "hosts", .from = "from"}));
  CHECK_EQ(directory.read("hosts"), "old");
}

}  // namespace
}  // namespace sampan
