// SPDX-License-Identifier: Apache-2.0
// What the writer writes, the reader reads as it was.
#include "addon/helper/tar_pax_writer.h"
#include "addon/test/pack_dir.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

std::string written(const TarMember &member, std::string_view data = {}) {
  std::string bytes;
  TarWriter tar(append_bytes, &bytes);
  CHECK(tar.begin(member).ok());
  while (!data.empty()) {
    size_t room = 0;
    const auto space = tar.space(&room);
    const size_t count = std::min(room, data.size());
    if (count == 0) break;
    memcpy(space.value(), data.data(), count);
    tar.data_put(count);
    data.remove_prefix(count);
  }
  CHECK(tar.end().ok());
  CHECK(tar.finish().ok());
  return bytes;
}

TarMember member(const std::string &path, TarFlag type = TarFlag::file) {
  TarMember made;
  made.type = type;
  made.path = path;
  made.mode = 0644;
  return made;
}

void check_same(const TarMember &expected, std::string_view data = {}) {
  const std::string bytes = written(expected, data);
  CHECK_EQ(bytes.size() % kTarBlock, 0U);
  const Read read = read_archive(bytes, 777);
  CHECK_EQ(read.subject, "");
  CHECK_EQ(read.entries.size(), 1U);
  if (read.entries.empty()) return;
  const TarEntry &entry = read.entries[0];
  CHECK_EQ(entry.path, expected.path);
  CHECK_EQ(entry.link, expected.link);
  CHECK_EQ(entry.mode, expected.mode);
  CHECK_EQ(entry.uid, expected.uid);
  CHECK_EQ(entry.gid, expected.gid);
  CHECK_EQ(entry.size, expected.size);
  CHECK_EQ(entry.mtime.tv_sec, expected.mtime.tv_sec);
  CHECK_EQ(entry.mtime.tv_nsec, expected.mtime.tv_nsec);
  CHECK_EQ(entry.xattrs.size(), expected.xattrs.size());
  for (size_t i = 0; i < std::min(entry.xattrs.size(), expected.xattrs.size()); ++i) {
    CHECK_EQ(entry.xattrs[i].name, expected.xattrs[i].name);
    CHECK_EQ(entry.xattrs[i].value, expected.xattrs[i].value);
  }
  CHECK_EQ(read.data[0], data);
}

TEST("names of every length are kept") {
  for (const size_t length : {1U, 99U, 100U, 101U, 155U, 156U, 255U, 256U, 257U, 5000U}) {
    check_same(member(std::string(length, 'n')));
    check_same(member("d/" + std::string(length, 'n')));
    check_same(member(std::string(length, 'd') + "/n"));
    std::string deep;
    while (deep.size() < length) deep += "12345678/";
    check_same(member(deep + "n"));
    check_same(member(deep, TarFlag::directory));
    TarMember link = member("l", TarFlag::symlink);
    link.link = std::string(length, 't');
    check_same(link);
  }
}

TEST("names that are no text are kept") {
  check_same(member("\xff\xfe new\nline=\t"));
  check_same(member(std::string(200, '\n') + "=\xff"));
}

TEST("a long name that can be cut at a slash needs no pax header") {
  CHECK_EQ(pax_records_of(member(std::string(150, 'd') + "/" + std::string(100, 'n'))), "");
  CHECK(pax_records_of(member(std::string(151, 'n'))) != "");
}

TEST("owners and times out of a header's range are kept") {
  for (const uint32_t id : {0U, 2097151U, 2097152U, 4294967294U}) {
    TarMember one = member("f");
    one.uid = id;
    one.gid = id;
    check_same(one);
  }
  for (const struct timespec &time :
       {timespec{0, 0}, timespec{0, 1}, timespec{1, 500000000}, timespec{-1, 0}, timespec{-1, 750000000},
        timespec{-2, 1}, timespec{8589934591, 0}, timespec{8589934592, 0}, timespec{1700000000, 999999999}}) {
    TarMember one = member("f");
    one.mtime = time;
    check_same(one);
  }
}

TEST("modes, attributes and data are kept") {
  TarMember one = member("f");
  one.mode = 07777;
  one.xattrs = {{"user.a", std::string("\0\n=\xff", 4)}, {"user.empty", ""}, {"security.capability", "caps"}};
  for (const size_t size : {0U, 1U, 511U, 512U, 513U, 300000U, 600000U}) {
    one.size = size;
    check_same(one, std::string(size, 'x'));
  }
}

TEST("a size of 8 GiB and more is in a record") {
  TarMember one = member("f");
  one.size = 8589934591;
  CHECK_EQ(pax_records_of(one), "");
  one.size = 8589934592;
  CHECK_EQ(pax_records_of(one), "19 size=8589934592\n");
}

TEST("the length of a record counts its own digits") {
  for (size_t length = 80; length < 110; ++length) {
    TarMember one = member("f");
    one.xattrs = {{"user.a", std::string(length, 'v')}};
    check_same(one);
  }
}

TEST("data that does not come is zeros, and said") {
  std::string bytes;
  TarWriter tar(append_bytes, &bytes);
  TarMember one = member("f");
  one.size = 1000;
  CHECK(tar.begin(one).ok());
  size_t room = 0;
  memcpy(tar.space(&room).value(), "abc", 3);
  CHECK_EQ(room, 1000U);
  tar.data_put(3);
  CHECK(tar.end().value());
  CHECK(tar.finish().ok());
  const Read read = read_archive(bytes);
  CHECK_EQ(read.data[0], "abc" + std::string(997, '\0'));
}

TEST("a reader that is gone is an error") {
  TarWriter tar([](void *, const char *, size_t) -> ssize_t { return errno = EPIPE, -1; }, nullptr);
  CHECK(tar.begin(member("f")).ok());
  CHECK(tar.end().ok());
  CHECK_EQ(tar.finish().error().number, EPIPE);
}

}  // namespace
}  // namespace sampan
