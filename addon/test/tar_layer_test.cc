// SPDX-License-Identifier: Apache-2.0
// Unpacking: what is special about layers: devices, whiteouts, attributes.
#include "addon/test/unpack_dir.h"

namespace sampan {
namespace {

TEST("devices are left out, and hard links to them") {
  Destination at;
  TarBuilder tar;
  tar.add({.name = "dev/null", .type = '3'}).add({.name = "dev/sda", .type = '4'}).hard_link("dev/zero", "/dev/null");
  tar.add({.name = "not-a-whiteout", .type = '3'});
  const Unpacked done = at.unpack(tar);
  CHECK_EQ(done.error, 0);
  CHECK_EQ(done.counts.devices_skipped, 4U);
  CHECK(!at.exists("root/dev/null"));
  CHECK(!at.exists("root/not-a-whiteout"));
}

TEST("whiteouts hide names of lower layers") {
  Destination at;
  TarBuilder tar;
  tar.file(".wh.top").file("a/b/.wh.deep").file("a/.wh..wh..opq").file(".wh..wh.plnk/1.2").file("a/.wh..wh.aufs");
  CHECK_EQ(at.unpack(tar).error, 0);
  CHECK(at.is_whiteout("root/top"));
  CHECK(at.is_whiteout("root/a/b/deep"));
  CHECK(at.is_opaque("root/a"));
  CHECK(!at.is_opaque("root/a/b"));
  CHECK(!at.exists("root/.wh..wh.plnk"));
  CHECK(!at.exists("root/a/.wh..wh..opq"));
}

TEST("an entry of the same layer wins over a whiteout, in any order") {
  Destination at;
  TarBuilder tar;
  tar.file(".wh.f1").file("f1").file("f2").file(".wh.f2").file(".wh.s").symlink("s", "f1").file(".wh.w").file(".wh.w");
  tar.file(".wh.d1").directory("d1").file("d1/in").directory("d2").file("d2/in").file(".wh.d2").file(".wh.d3").file(
      "d3/in");
  CHECK_EQ(at.unpack(tar).subject, "");
  CHECK_EQ(at.read("root/f1"), "data");
  CHECK_EQ(at.read("root/f2"), "data");
  CHECK_EQ(at.link("root/s"), "f1");
  CHECK(at.is_whiteout("root/w"));
  for (const std::string directory : {"root/d1", "root/d2", "root/d3"}) {
    CHECK_EQ(at.read(directory + "/in"), "data");
    CHECK(at.is_opaque(directory));
  }
}

TEST("whiteouts of . and .. are refused") {
  for (const char *name : {".wh.", "a/.wh..", "a/.wh..."}) {
    Destination at;
    CHECK_EQ(at.unpack(TarBuilder().file(name)).error, EINVAL);
    at.check_outside();
  }
}

TEST("a plain root file system has no whiteouts") {
  Destination at;
  const UnpackOptions options{.metadata = {.keep_owner = false}, .plain_rootfs = true};
  CHECK_EQ(at.unpack(TarBuilder().file(".wh.f").file("d/.wh..wh..opq"), options).error, 0);
  CHECK_EQ(at.read("root/.wh.f"), "data");
  CHECK_EQ(at.read("root/d/.wh..wh..opq"), "data");
  CHECK(!at.is_opaque("root/d"));
}

TEST("an image cannot bring attributes that overlayfs or the host believe in") {
  Destination at;
  const auto attribute = [](const std::string &name) { return TarBuilder::record("SCHILY.xattr." + name, "y"); };
  TarBuilder tar;
  tar.pax(attribute("user.note") + attribute("user.overlay.opaque") + attribute("trusted.overlay.opaque") +
          attribute("security.selinux") + attribute("system.posix_acl_access"));
  tar.directory("d").pax(attribute("user.note") + attribute("user.overlay.metacopy")).file("f");
  tar.pax(attribute("user.note")).symlink("s", "f");
  const Unpacked done = at.unpack(tar);
  CHECK_EQ(done.subject, "");
  CHECK_EQ(done.counts.xattrs_skipped, 6U);
  CHECK_EQ(at.xattr("root/d", "user.note"), "y");
  CHECK_EQ(at.xattr("root/f", "user.note"), "y");
  CHECK(!at.is_opaque("root/d"));
  CHECK_EQ(at.xattr("root/f", "user.overlay.metacopy"), "");
}

TEST("capabilities are kept, in the form of the user namespace") {
  Destination at;
  const std::string answer = in_user_namespace([&at] {
    const std::string capability("\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    TarBuilder tar;
    tar.pax(TarBuilder::record("SCHILY.xattr.security.capability", capability)).file("f");
    const Unpacked done = at.unpack(tar);
    return done.subject + std::to_string(at.xattr("root/f", "security.capability") == capability);
  });
  CHECK_EQ(answer, "1");
}

}  // namespace
}  // namespace sampan
