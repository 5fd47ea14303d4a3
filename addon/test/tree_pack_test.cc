// SPDX-License-Identifier: Apache-2.0
// Trees that are packed and unpacked again, also while somebody changes them.
#include <sys/socket.h>
#include <sys/un.h>

#include <tuple>

#include "addon/test/pack_dir.h"
#include "addon/test/test.h"
#include "addon/test/unpack_dir.h"

namespace sampan {
namespace {

constexpr UnpackOptions kIntoExisting{.metadata = {.keep_owner = false}, .plain_rootfs = true, .into_existing = true};
constexpr UnpackOptions kPlain{.metadata = {.keep_owner = false}, .plain_rootfs = true};

int unpack_bytes(int directory, const std::string &bytes, const UnpackOptions &options = kPlain) {
  MemoryStream stream{bytes, 100000};
  TarInput input(MemoryStream::read, &stream);
  TarReader reader(input);
  TarUnpacker unpacker(reader, unique_fd(fcntl(directory, F_DUPFD_CLOEXEC, 0)), options);
  const Status status = unpacker.run();
  return status ? 0 : status.error().number;
}

void set_xattr(const TreeDir &at, const std::string &name, const char *attribute, std::string_view value) {
  if (setxattr((at.path() + "/" + name).c_str(), attribute, value.data(), value.size(), 0) < 0) abort();
}

void make_socket(const TreeDir &at, const std::string &name) {
  const unique_fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = at.path() + "/" + name;
  memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (bind(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) < 0) abort();
}

void make_deep(int top, int levels) {
  unique_fd at(openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string name(200, 'd');
  for (int level = 0; level < levels; ++level) {
    if (mkdirat(at.get(), name.c_str(), 0755) < 0) abort();
    at.reset(openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  const unique_fd file(openat(at.get(), "bottom", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

void make_nasty_tree(const TreeDir &at) {
  at.make_directory("root");
  at.write("root/f", "content");
  fchmodat(at.fd(), "root/f", 06751, 0);
  CHECK_EQ(linkat(at.fd(), "root/f", at.fd(), "root/g", 0), 0);
  at.write("root/" + std::string(255, 'n'), "long");
  at.write("root/\xff\xfe new\nline", "no text");
  at.write("root/.wh.file", "no whiteout here");
  at.make_directory("root/empty", 01777);
  at.make_directory("root/closed");
  at.write("root/closed/f", "x");
  fchmodat(at.fd(), "root/closed", 0500, 0);
  CHECK_EQ(symlinkat(std::string(3000, 't').c_str(), at.fd(), "root/s"), 0);
  CHECK_EQ(linkat(at.fd(), "root/s", at.fd(), "root/s2", 0), 0);
  CHECK_EQ(symlinkat("/etc/passwd", at.fd(), "root/outside"), 0);
  CHECK_EQ(mkfifoat(at.fd(), "root/p", 0640), 0);
  make_socket(at, "root/socket");
  at.write("root/sparse", "begin");
  CHECK_EQ(truncate((at.path() + "/root/sparse").c_str(), 900000), 0);
  set_xattr(at, "root/f", "user.note", std::string_view("a\0b", 3));
  set_xattr(at, "root/empty", "user.of.directory", "x");
  set_xattr(at, "root/empty", "user.overlay.opaque", "y");
  make_deep(open_directory_at(at.fd(), "root").get(), 100);
}

TEST("a nasty tree comes back as it was") {
  TreeDir at;
  make_nasty_tree(at);
  const Packed packed = pack_directory(open_directory_at(at.fd(), "root").get());
  CHECK_EQ(packed.subject, "");
  CHECK_EQ(packed.counts.sockets_skipped, 1U);
  CHECK_EQ(packed.counts.changed, 0U);
  at.make_directory("copy");
  const unique_fd copy = open_directory_at(at.fd(), "copy");
  CHECK_EQ(unpack_bytes(copy.get(), packed.bytes), 0);
  for (const char *name : {"f", "empty", "closed", "p", "sparse"}) {
    CHECK_EQ(at.mode(std::string("copy/") + name), at.mode(std::string("root/") + name));
    CHECK_EQ(at.status(std::string("copy/") + name).st_mtim.tv_sec,
             at.status(std::string("root/") + name).st_mtim.tv_sec);
  }
  CHECK_EQ(at.status("copy/f").st_ino, at.status("copy/g").st_ino);
  CHECK_EQ(at.read("copy/f"), "content");
  CHECK_EQ(at.read("copy/sparse"), at.read("root/sparse"));
  CHECK_EQ(at.read("copy/.wh.file"), "no whiteout here");
  CHECK_EQ(at.link("copy/s"), std::string(3000, 't'));
  CHECK_EQ(at.link("copy/outside"), "/etc/passwd");
  CHECK_EQ(at.xattr("copy/f", "user.note"), std::string("a\0b", 3));
  CHECK_EQ(at.xattr("copy/empty", "user.of.directory"), "x");
  CHECK_EQ(at.xattr("copy/empty", "user.overlay.opaque"), "");
  CHECK(!at.exists("copy/socket"));
  // The bytes of the copy say the rest: names, depth, order, links.
  CHECK(pack_directory(copy.get()).bytes == packed.bytes);
  fchmodat(at.fd(), "root/closed", 0700, 0);
  fchmodat(at.fd(), "copy/closed", 0700, 0);
}

TEST("the top directory has the name that it is given") {
  TreeDir at;
  at.make_directory("root");
  at.write("root/f", "x");
  const Read read = read_archive(pack_directory(open_directory_at(at.fd(), "root").get(), "named").bytes);
  CHECK_EQ(read.entries.size(), 2U);
  CHECK_EQ(read.entries[0].path, "named/");
  CHECK_EQ(read.entries[1].path, "named/f");
}

TEST("owners are left out and times kept in full where that is asked for") {
  TreeDir at;
  at.write("f", "x");
  const struct timespec times[] = {{.tv_sec = 5, .tv_nsec = 6}, {.tv_sec = 7, .tv_nsec = 8}};
  CHECK_EQ(utimensat(at.fd(), "f", times, 0), 0);
  const PackOptions options{.root_owned = true, .nanoseconds = true};
  const TarEntry full = read_archive(pack_directory(at.fd(), "", options).bytes).entries[0];
  CHECK_EQ(full.uid, 0U);
  CHECK_EQ(full.mtime.tv_nsec, 8);
  const TarEntry usual = read_archive(pack_directory(at.fd()).bytes).entries[0];
  CHECK_EQ(usual.uid, geteuid());
  CHECK_EQ(usual.mtime.tv_sec, 7);
  CHECK_EQ(usual.mtime.tv_nsec, 0);
}

// A sink that changes the tree once the writer has begun to read it.
struct Interferer {
  std::string bytes;
  std::string path;
  off_t new_size = 0;

  static ssize_t write(void *context, const char *from, size_t size) {
    auto *self = static_cast<Interferer *>(context);
    if (self->bytes.empty() && truncate(self->path.c_str(), self->new_size) < 0) abort();
    return append_bytes(&self->bytes, from, size);
  }
};

PackCounts pack_with(Interferer &interferer, int directory) {
  TarWriter tar(Interferer::write, &interferer);
  TreeNodeWriter nodes(tar, {});
  TreePacker packer(nodes, "");
  CHECK(TreeWalk(packer, TreeOrder::by_name).run(open_directory_at(directory, ".")).ok());
  CHECK(tar.finish().ok());
  return nodes.counts();
}

TEST("a file that becomes shorter while it is read is filled with zeros, and counted") {
  TreeDir at;
  at.write("f", std::string(700000, 'x'));
  at.write("g", "after");
  Interferer interferer{.bytes = {}, .path = at.path() + "/f", .new_size = 300000};
  const PackCounts counts = pack_with(interferer, at.fd());
  CHECK_EQ(counts.changed, 1U);
  const Read read = read_archive(interferer.bytes, 100000);
  CHECK_EQ(read.subject, "");
  CHECK_EQ(read.data[0], std::string(300000, 'x') + std::string(400000, '\0'));
  CHECK_EQ(read.data[1], "after");
}

TEST("of a file that grows while it is read the first bytes are written") {
  TreeDir at;
  at.write("f", std::string(700000, 'x'));
  Interferer interferer{.bytes = {}, .path = at.path() + "/f", .new_size = 5000000};
  CHECK_EQ(pack_with(interferer, at.fd()).changed, 0U);
  CHECK_EQ(read_archive(interferer.bytes, 100000).data[0], std::string(700000, 'x'));
}

TEST("mount points are written empty, and counted") {
  TreeDir at;
  at.make_directory("mounted");
  at.write("f", "x");
  const std::string answer = in_user_namespace([&] {
    if (mount("none", (at.path() + "/mounted").c_str(), "tmpfs", 0, nullptr) < 0) return std::string("no mount");
    // at.fd() belongs to the mounts from before.
    const Packed packed = pack_directory(open_directory_at(AT_FDCWD, at.path().c_str()).get());
    std::string names;
    for (const TarEntry &entry : read_archive(packed.bytes).entries) names += entry.path + " ";
    return packed.subject + names + std::to_string(packed.counts.mounts_skipped);
  });
  CHECK_EQ(answer, "f mounted/ 1");
}

TEST("files for another owner have no setuid bits and no capabilities") {
  TreeDir at;
  at.write("f", "x");
  fchmodat(at.fd(), "f", 06755, 0);
  set_xattr(at, "f", "user.kept", "x");
  const PackOptions options{.other_owner = true};
  const TarEntry entry = read_archive(pack_directory(at.fd(), "", options).bytes).entries[0];
  CHECK_EQ(entry.mode, 0755U);
  CHECK_EQ(entry.xattrs.size(), 1U);
}

TEST("what is mounted comes too where that is asked for, but for the kernel's own") {
  TreeDir at;
  at.make_directory("mounted");
  at.make_directory("proc");
  const std::string answer = in_user_namespace([&] {
    const std::string mounted = at.path() + "/mounted";
    if (mount("none", mounted.c_str(), "tmpfs", 0, nullptr) < 0) return std::string("no mount");
    if (mount("/proc", (at.path() + "/proc").c_str(), nullptr, MS_BIND | MS_REC, nullptr) < 0)
      return std::string("no bind");
    close(open((mounted + "/inside").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const PackOptions options{.cross_mounts = true};
    const Packed packed = pack_directory(open_directory_at(AT_FDCWD, at.path().c_str()).get(), "", options);
    std::string names;
    for (const TarEntry &entry : read_archive(packed.bytes).entries) names += entry.path + " ";
    return packed.subject + names + std::to_string(packed.counts.mounts_skipped);
  });
  CHECK_EQ(answer, "mounted/ mounted/inside proc/ 1");
}

TEST("into a directory that is somebody's, kinds stay as they are") {
  for (const auto &[name, is_directory, error] :
       {std::tuple{"file", true, ENOTDIR}, {"link", true, ENOTDIR}, {"directory", false, EISDIR}}) {
    TreeDir at;
    at.make_directory("root");
    at.make_directory("root/directory");
    at.write("root/directory/f", "kept");
    at.write("root/file", "kept");
    CHECK_EQ(symlinkat("directory", at.fd(), "root/link"), 0);
    TarBuilder tar;
    is_directory ? tar.directory(name) : tar.file(name);
    tar.end();
    CHECK_EQ(unpack_bytes(open_directory_at(at.fd(), "root").get(), tar.bytes(), kIntoExisting), error);
    CHECK_EQ(at.read("root/file"), "kept");
    CHECK_EQ(at.read("root/directory/f"), "kept");
  }
}

TEST("into a directory that is somebody's, only the archive's directories get its times") {
  TreeDir at;
  at.make_directory("root");
  at.make_directory("root/mine");
  at.make_directory("root/d");
  TarBuilder tar;
  tar.directory("d").directory("d/new").file("d/f").file("mine/f");
  tar.end();
  CHECK_EQ(unpack_bytes(open_directory_at(at.fd(), "root").get(), tar.bytes(), kIntoExisting), 0);
  CHECK_EQ(at.status("root/d").st_mtim.tv_sec, 1000000000);
  CHECK_EQ(at.status("root/d/new").st_mtim.tv_sec, 1000000000);
  CHECK(at.status("root/mine").st_mtim.tv_sec > 1000000000);
}

}  // namespace
}  // namespace sampan
