// SPDX-License-Identifier: Apache-2.0
// Unpacking: what lands in the file system, and that hostile archives cannot reach anything outside. Owners need a map
// of many ids and are compared with GNU tar's work by the kernel tests; here everything stays the current user's.
#include "addon/test/unpack_dir.h"

namespace sampan {
namespace {

TEST("files, directories, links and fifos are unpacked with modes and times") {
  Destination at;
  TarBuilder tar;
  tar.directory("./", 0751).directory("d", 01777).add({.name = "d/f", .mode = 04755}, "content");
  tar.pax(TarBuilder::record("mtime", "1.000000002")).directory("d/sub", 0500);
  tar.symlink("d/s", "f").hard_link("d/h", "d/f").add({.name = "d/p", .type = '6', .mode = 0640});
  const Unpacked done = at.unpack(tar);
  CHECK_EQ(done.subject, "");
  CHECK_EQ(done.counts.entries, 7U);
  CHECK_EQ(done.counts.inodes, 5U);
  CHECK_EQ(done.counts.bytes, 7U);
  CHECK_EQ(at.mode("root"), 0751U);
  CHECK_EQ(at.mode("root/d"), 01777U);
  CHECK_EQ(at.mode("root/d/f"), 04755U);
  CHECK_EQ(at.mode("root/d/p"), 0640U);
  CHECK_EQ(at.mode("root/d/sub"), 0500U);
  CHECK_EQ(at.read("root/d/f"), "content");
  CHECK_EQ(at.status("root/d/f").st_nlink, 2U);
  CHECK_EQ(at.status("root/d/h").st_ino, at.status("root/d/f").st_ino);
  CHECK_EQ(at.link("root/d/s"), "f");
  for (const char *name : {"root", "root/d", "root/d/f", "root/d/s", "root/d/p"}) {
    CHECK_EQ(at.status(name).st_mtim.tv_sec, 1000000000);
  }
  CHECK_EQ(at.status("root/d/sub").st_mtim.tv_sec, 1);
  CHECK_EQ(at.status("root/d/sub").st_mtim.tv_nsec, 2);
}

TEST("missing parents are made, whatever the umask") {
  Destination at;
  const mode_t saved = umask(077);
  const Unpacked done = at.unpack(TarBuilder().add({.name = "a/b/c/f", .mode = 0666}, "x"));
  CHECK_EQ(umask(saved), 077U);
  CHECK_EQ(done.error, 0);
  CHECK_EQ(done.counts.inodes, 4U);
  CHECK_EQ(at.mode("root/a/b/c"), 0755U);
  CHECK_EQ(at.mode("root/a/b/c/f"), 0666U);
}

TEST("a name that leads out of the layer is refused") {
  for (const char *name : {"../evil", "../../../outside/evil", "a/../../b", "/../x", ".."}) {
    Destination at;
    CHECK_EQ(at.unpack(TarBuilder().file(name)).error, EBADMSG);
    at.check_outside();
  }
}

TEST("absolute names and .. inside stay inside") {
  Destination at;
  TarBuilder tar;
  tar.file("/abs").file("a/../b").file("./c/./d//e/");
  CHECK_EQ(at.unpack(tar).error, 0);
  at.check_outside();
  for (const char *name : {"root/abs", "root/b"}) CHECK_EQ(at.read(name), "data");
  CHECK(S_ISDIR(at.status("root/c/d/e").st_mode));
}

TEST("writing through a symlink never leaves the root") {
  for (const std::string &to : {std::string("../outside"), std::string("../../../../../../outside")}) {
    Destination at;
    at.make_directory("root/outside");
    CHECK_EQ(at.unpack(TarBuilder().symlink("out", to).file("out/evil")).error, 0);
    at.check_outside();
    CHECK_EQ(at.read("root/outside/evil"), "data");
  }
  Destination at;
  const Unpacked done = at.unpack(TarBuilder().symlink("out", at.path() + "/outside").file("out/evil"));
  CHECK_EQ(done.error, ENOENT);
  CHECK_EQ(done.subject, "out/evil: out (a symbolic link)");
  at.check_outside();
}

TEST("a symlink as parent leads to its target inside the root") {
  for (const char *to : {"usr/lib", "/usr/lib", "../../usr/lib"}) {
    Destination at;
    CHECK_EQ(at.unpack(TarBuilder().directory("usr/lib").symlink("lib", to).file("lib/new/x")).error, 0);
    CHECK_EQ(at.read("root/usr/lib/new/x"), "data");
    CHECK_EQ(at.link("root/lib"), to);
  }
}

TEST("symlink loops are an error") {
  Destination at;
  const Unpacked done = at.unpack(TarBuilder().symlink("a", "b").symlink("b", "a").file("a/x"));
  CHECK_EQ(done.error, ELOOP);
  CHECK_EQ(done.subject, "a/x: a (a symbolic link)");
}

TEST("what is in the way is replaced, never written through") {
  Destination at;
  TarBuilder tar;
  tar.symlink("f", "../outside/secret").file("f", "new").hard_link("g", "f").file("f", "newer");
  tar.symlink("d", "../outside").directory("d", 0700).file("t/u/v").symlink("t", "elsewhere");
  tar.file("x/y").file("x", "was a directory").file("z").directory("z").file("z/in");
  CHECK_EQ(at.unpack(tar).subject, "");
  at.check_outside();
  CHECK_EQ(at.read("root/f"), "newer");
  CHECK_EQ(at.read("root/g"), "new");
  CHECK_EQ(at.mode("root/d"), 0700U);
  CHECK_EQ(at.link("root/t"), "elsewhere");
  CHECK_EQ(at.read("root/x"), "was a directory");
  CHECK_EQ(at.read("root/z/in"), "data");
}

TEST("a directory over a directory keeps its content and takes the new mode") {
  Destination at;
  CHECK_EQ(at.unpack(TarBuilder().directory("d", 0700).file("d/f").directory("d", 02750)).error, 0);
  CHECK_EQ(at.mode("root/d"), 02750U);
  CHECK_EQ(at.read("root/d/f"), "data");
}

TEST("the setgid bit of a directory does not spread") {
  Destination at;
  CHECK_EQ(at.unpack(TarBuilder().directory("d", 02755).directory("d/e", 0755).file("d/f")).error, 0);
  CHECK_EQ(at.mode("root/d/e"), 0755U);
}

TEST("only a directory can be the root") {
  for (const char *name : {"", "/", ".", "a/.."}) {
    const Unpacked done = Destination().unpack(TarBuilder().symlink(name, "x"));
    CHECK_EQ(done.error, EINVAL);
  }
}

TEST("hard links reach nothing outside, and name both ends when they fail") {
  for (const char *to : {"../outside/secret", "/outside/secret", "out/secret", "missing", "a/b/missing"}) {
    Destination at;
    const Unpacked done = at.unpack(TarBuilder().symlink("out", "../outside").hard_link("link", to));
    CHECK_EQ(done.error, ENOENT);
    CHECK_EQ(done.subject, std::string("link: hard link to ") + to);
    at.check_outside();
  }
  const Unpacked done = Destination().unpack(TarBuilder().directory("d").hard_link("link", "d"));
  CHECK_EQ(done.error, EPERM);
  const Unpacked hidden = Destination().unpack(TarBuilder().file(".wh.gone").hard_link("link", "gone"));
  CHECK_EQ(hidden.error, ENOENT);
}

TEST("hard links to symlinks, to themselves and over others work") {
  Destination at;
  TarBuilder tar;
  tar.symlink("s", "nowhere").hard_link("s2", "./s").file("f").hard_link("f", "f").file("old").hard_link("old", "/f");
  CHECK_EQ(at.unpack(tar).subject, "");
  CHECK_EQ(at.status("root/s").st_ino, at.status("root/s2").st_ino);
  CHECK_EQ(at.read("root/f"), "data");
  CHECK_EQ(at.status("root/old").st_ino, at.status("root/f").st_ino);
}

TEST("a directory without any permission is no obstacle for the root of a user namespace") {
  Destination at;
  const std::string answer = in_user_namespace([&at] {
    const Unpacked done = at.unpack(TarBuilder().directory("d", 0).file("d/e/f").directory("d/e", 0).file("d/e/g"));
    const bool right = at.mode("root/d") == 0 && at.mode("root/d/e") == 0 && at.read("root/d/e/g") == "data";
    return done.subject + std::to_string(right && at.status("root/d").st_mtim.tv_sec == 1000000000);
  });
  CHECK_EQ(answer, "1");
}

TEST("an owner without a place in the id map is named") {
  Destination at;
  const std::string answer = in_user_namespace([&at] {
    const Unpacked done = at.unpack(TarBuilder().add({.name = "d/f", .uid = "0000101", .gid = "0000007"}, "x"), {});
    return done.subject + (done.error == EINVAL ? " EINVAL" : "");
  });
  CHECK_EQ(answer, "d/f: owner 65:7 EINVAL");
}

TEST("a full disk is an error that names the entry") {
  Destination at;
  const std::string answer = in_user_namespace([&at] {
    const std::string root = at.path() + "/root";
    if (mount("tmpfs", root.c_str(), "tmpfs", 0, "size=64k") < 0) return std::string("no tmpfs");
    const unique_fd full(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    TarBuilder tar;
    tar.file("small", std::string(1000, 'x')).file("d/large", std::string(100000, 'x'));
    const Unpacked done = unpack_into(full.get(), tar);
    return done.subject + (done.error == ENOSPC ? " ENOSPC" : "");
  });
  CHECK_EQ(answer, "d/large ENOSPC");
}

TEST("a cut archive says so once") {
  Destination at;
  TarBuilder tar;
  tar.file("whole").file("cut", std::string(5000, 'x')).cut(3000);
  MemoryStream stream{tar.bytes(), 100000};
  TarInput input(MemoryStream::read, &stream);
  TarReader reader(input);
  TarUnpacker unpacker(reader, unique_fd(fcntl(at.root.get(), F_DUPFD_CLOEXEC, 0)), kOneOwner);
  const Status status = unpacker.run();
  CHECK_EQ(status.error().number, EBADMSG);
  CHECK_EQ(status.error().subject, "cut: the archive ends inside an entry (at byte 1024)");
}

TEST("a sparse file may end in a hole") {
  Destination at;
  TarBuilder tar;
  tar.pax(TarBuilder::record("GNU.sparse.size", "50000000") + TarBuilder::record("GNU.sparse.map", "1000,3"));
  CHECK_EQ(at.unpack(tar.file("f", "abc")).subject, "");
  CHECK_EQ(at.status("root/f").st_size, 50000000);
  CHECK(at.status("root/f").st_blocks < 100);
}

// Every directory inside the one before.
struct DeepStream {
  int left;
  std::string path{};
  std::string bytes{};

  static ssize_t read(void *context, char *buffer, size_t size) {
    auto *stream = static_cast<DeepStream *>(context);
    if (stream->bytes.empty() && stream->left > 0) {
      --stream->left;
      stream->path += "d/";
      stream->bytes = TarBuilder().pax(TarBuilder::record("path", stream->path)).directory("d").bytes();
    }
    const size_t count = std::min(size, stream->bytes.size());
    std::copy_n(stream->bytes.data(), count, buffer);
    stream->bytes.erase(0, count);
    return static_cast<ssize_t>(count);
  }
};

TEST("thousands of directories inside each other are unpacked and removed") {
  Destination at;
  DeepStream stream{.left = 3000};
  TarInput input(DeepStream::read, &stream);
  TarReader reader(input);
  TarUnpacker unpacker(reader, unique_fd(fcntl(at.root.get(), F_DUPFD_CLOEXEC, 0)), kOneOwner);
  const Status done = unpacker.run();
  CHECK_EQ(done ? "" : done.error().subject, "");
  CHECK_EQ(unpacker.counts().inodes, 3000U);
  CHECK(remove_tree_at(at.fd(), "root").ok());
  CHECK(!at.exists("root"));
}

TEST("a path of any length is made from its components") {
  Destination at;
  std::string path;
  for (int depth = 0; depth < 60; ++depth) path += std::string(250, 'n') + "/";
  TarBuilder tar;
  tar.pax(TarBuilder::record("path", path + "f")).file("f").file("other");
  tar.pax(TarBuilder::record("path", path + "g") + TarBuilder::record("linkpath", path + "f")).hard_link("g", "f");
  const Unpacked done = at.unpack(tar);
  CHECK_EQ(done.subject, "");
  CHECK_EQ(done.counts.inodes, 62U);
}

TEST("names over the limit of the file system are an error") {
  const Unpacked done =
      Destination().unpack(TarBuilder().pax(TarBuilder::record("path", "d/" + std::string(256, 'n'))).file("n"));
  CHECK_EQ(done.error, ENAMETOOLONG);
  CHECK(done.subject.starts_with("d/nnn"));
  const Unpacked parent =
      Destination().unpack(TarBuilder().pax(TarBuilder::record("path", std::string(700, 'n') + "/f")).file("n"));
  CHECK_EQ(parent.error, ENAMETOOLONG);
  CHECK(parent.subject.size() < 1000);
}

}  // namespace
}  // namespace sampan
