// SPDX-License-Identifier: Apache-2.0
// The tar reader: formats and what they say about an entry. No file system is involved.
#include "addon/helper/tar_reader.h"

#include "addon/helper/tar_number.h"
#include "addon/test/read_archive.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

void put(char *to, std::string_view text) { std::copy(text.begin(), text.end(), to); }

TEST("tar numbers are octal or base-256, and nothing else") {
  const auto number = [](std::string_view field) { return parse_tar_number(field.data(), field.size()); };
  CHECK_EQ(*number("0000644"), 0644);
  CHECK_EQ(*number("   644 "), 0644);
  CHECK_EQ(*number(std::string_view("\0\0\0\0", 4)), 0);
  CHECK_EQ(*number(std::string_view("\x80\0\0\0\0\0\0\x10", 8)), 16);
  CHECK_EQ(*number("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe"), -2);
  CHECK(!number(std::string_view("\x80\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12)));
  CHECK(!number("\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
  CHECK(!number("0000648"));
  CHECK(!number("-1"));
  CHECK(!number("7777777777777777777777777"));
}

TEST("pax times have a sign and a fraction") {
  CHECK_EQ(parse_pax_time("12.5")->tv_sec, 12);
  CHECK_EQ(parse_pax_time("12.5")->tv_nsec, 500000000);
  CHECK_EQ(parse_pax_time("12.1234567899")->tv_nsec, 123456789);
  CHECK_EQ(parse_pax_time("-0.25")->tv_sec, -1);
  CHECK_EQ(parse_pax_time("-0.25")->tv_nsec, 750000000);
  CHECK_EQ(parse_pax_time("-7")->tv_sec, -7);
  CHECK(!parse_pax_time("1e3"));
  CHECK(!parse_pax_time(""));
  CHECK(!parse_pax_time("9223372036854775808"));
}

TEST("ustar headers give every field, whatever the size of the reads") {
  TarBuilder tar;
  tar.add({.name = "b", .mode = 04755, .uid = "0000764", .gid = "0000010", .prefix = "dir/a"}, std::string(1500, 'x'));
  tar.symlink("s", "to").directory("d/").end();
  for (const size_t step : {size_t{1}, size_t{511}, size_t{512}, size_t{100000}}) {
    const Read read = read_archive(tar.bytes(), step);
    CHECK_EQ(read.error, 0);
    CHECK_EQ(read.entries.size(), 3U);
    CHECK_EQ(read.entries[0].path, "dir/a/b");
    CHECK_EQ(read.entries[0].mode, 04755U);
    CHECK_EQ(read.entries[0].uid, 500U);
    CHECK_EQ(read.entries[0].gid, 8U);
    CHECK_EQ(read.entries[0].mtime.tv_sec, 1000000000);
    CHECK_EQ(read.data[0], std::string(1500, 'x'));
    CHECK(read.entries[1].type == TarType::symlink);
    CHECK_EQ(read.entries[1].link, "to");
    CHECK(read.entries[2].type == TarType::directory);
  }
}

TEST("the checksum may sum unsigned or signed characters") {
  const std::string high(100, '\xff');
  const Read read = read_archive(TarBuilder().add({.name = high, .link = high, .prefix = high}).end().bytes(), 512);
  CHECK_EQ(read.error, 0);
  CHECK_EQ(read.entries.size(), 1U);
  // A header by a program whose characters are signed: 256 less for each of the high ones, in octal.
  std::string bytes = TarBuilder().file("\xff\x80").end().bytes();
  size_t rest = std::stoul(bytes.substr(148, 6), nullptr, 8) - size_t{2} * 256;
  for (size_t at = 153; at >= 148; --at, rest /= 8) bytes[at] = static_cast<char>('0' + rest % 8);
  CHECK_EQ(read_archive(bytes, 512).error, 0);
  bytes[1] = '\x81';
  CHECK_EQ(read_archive(bytes, 512).error, EBADMSG);
}

TEST("v7 archives have neither magic nor directories of their own") {
  char block[kTarBlock] = {};
  put(block, "old/");
  TarBuilder tar;
  tar.add_block(block).end();
  const Read read = read_archive(tar.bytes());
  CHECK_EQ(read.error, 0);
  CHECK(read.entries[0].type == TarType::directory);
}

TEST("GNU long names and links replace the short ones") {
  const std::string name(3000, 'n');
  TarBuilder tar;
  tar.long_name(name).long_name("target/" + name, 'K').symlink("short", "short").file("next").end();
  const Read read = read_archive(tar.bytes());
  CHECK_EQ(read.entries[0].path, name);
  CHECK_EQ(read.entries[0].link, "target/" + name);
  CHECK_EQ(read.entries[1].path, "next");
}

TEST("pax records replace header fields for one entry") {
  TarBuilder tar;
  tar.pax(record("path", "p/ath") + record("uid", "3000000") + record("gid", "0") + record("mtime", "-1.5") +
          record("size", "4") + record("SCHILY.xattr.user.a", std::string("b\0\n", 3)) + record("comment", "x") +
          record("SCHILY.acl.access", "user::rwx"));
  tar.add({.name = "short", .size = "00000000000"}, "four").file("next").end();
  const Read read = read_archive(tar.bytes());
  CHECK_EQ(read.error, 0);
  CHECK_EQ(read.entries[0].path, "p/ath");
  CHECK_EQ(read.entries[0].uid, 3000000U);
  CHECK_EQ(read.entries[0].mtime.tv_sec, -2);
  CHECK_EQ(read.entries[0].mtime.tv_nsec, 500000000);
  CHECK_EQ(read.data[0], "four");
  CHECK_EQ(read.entries[0].xattrs.size(), 1U);
  CHECK_EQ(read.entries[0].xattrs[0].name, "user.a");
  CHECK_EQ(read.entries[0].xattrs[0].value, std::string("b\0\n", 3));
  CHECK_EQ(read.entries[0].xattrs_skipped, 1U);
  CHECK_EQ(read.entries[1].path, "next");
  CHECK_EQ(read.entries[1].uid, 0U);
}

TEST("global pax headers give owners and times, and no names") {
  TarBuilder tar;
  tar.pax(record("uid", "7") + record("path", "all-the-same") + record("comment", "0123"), 'g');
  tar.file("a").pax(record("uid", "8")).file("b").end();
  const Read read = read_archive(tar.bytes());
  CHECK_EQ(read.entries[0].path, "a");
  CHECK_EQ(read.entries[0].uid, 7U);
  CHECK_EQ(read.entries[1].uid, 8U);
}

TEST("sizes of links, directories and devices are not data") {
  TarBuilder tar;
  tar.add({.name = "l", .type = '1', .link = "x", .size = "00000010000"});
  tar.add({.name = "d", .type = '5', .size = "00000010000"});
  tar.add({.name = "c", .type = '3', .size = "00000010000"}).file("f").end();
  const Read read = read_archive(tar.bytes());
  CHECK_EQ(read.error, 0);
  CHECK_EQ(read.entries.size(), 4U);
}

TEST("sparse files of all four formats come out whole") {
  const std::string expected = "ab" + std::string(8, '\0') + "cde" + std::string(7, '\0');
  TarBuilder tar;
  tar.pax(record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.name", "v1") +
          record("GNU.sparse.realsize", "20"));
  tar.file("GNUSparseFile.1/v1", TarBuilder::padded("2\n0\n2\n10\n3\n") + "abcde");
  tar.pax(record("GNU.sparse.size", "20") + record("GNU.sparse.numblocks", "2") + record("GNU.sparse.name", "v01") +
          record("GNU.sparse.map", "0,2,10,3"));
  tar.file("x", "abcde");
  tar.pax(record("GNU.sparse.size", "20") + record("GNU.sparse.numblocks", "2") + record("GNU.sparse.offset", "0") +
          record("GNU.sparse.numbytes", "2") + record("GNU.sparse.offset", "10") + record("GNU.sparse.numbytes", "3"));
  tar.file("v00", "abcde");
  char block[kTarBlock] = {};
  put(block, "old");
  put(block + 124, "00000000005");
  block[156] = 'S';
  put(block + 257, "ustar  ");
  put(block + 386, "00000000000");
  put(block + 398, "00000000002");
  block[482] = 1;
  put(block + 483, "00000000024");
  char more[kTarBlock] = {};
  put(more, "00000000012");
  put(more + 12, "00000000003");
  tar.add_block(block).raw({more, kTarBlock}).raw(TarBuilder::padded("abcde")).end();
  const Read read = read_archive(tar.bytes());
  CHECK_EQ(read.subject, "");
  CHECK_EQ(read.entries.size(), 4U);
  const char *names[] = {"v1", "v01", "v00", "old"};
  for (size_t i = 0; i < read.entries.size(); ++i) {
    CHECK_EQ(read.entries[i].path, names[i]);
    CHECK_EQ(read.entries[i].size, 20U);
    CHECK_EQ(read.data[i], expected);
  }
}

TEST("the end may be two zero blocks, one, or just the end") {
  TarBuilder tar;
  tar.file("a");
  CHECK_EQ(read_archive(tar.bytes()).error, 0);
  tar.raw(std::string(kTarBlock, '\0'));
  CHECK_EQ(read_archive(tar.bytes()).error, 0);
  tar.raw(std::string(kTarBlock * 10, '\0')).raw("trailing garbage");
  CHECK_EQ(read_archive(tar.bytes()).error, 0);
  CHECK_EQ(read_archive("").entries.size(), 0U);
}

TEST("entry types nobody knows are not guessed at") {
  const Read read = read_archive(TarBuilder().add({.name = "part2", .type = 'M'}).end().bytes());
  CHECK_EQ(read.error, EOPNOTSUPP);
  CHECK(contains(read.subject, "part2: entry type 'M' is not supported"));
}

}  // namespace
}  // namespace sampan
