// SPDX-License-Identifier: Apache-2.0
// The tar reader: formats, and everything an archive may lie about. No file system is involved.
#include "addon/helper/tar_reader.h"

#include <vector>

#include "addon/helper/tar_number.h"
#include "addon/test/tar_builder.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

struct Read {
  std::vector<TarEntry> entries;
  std::vector<std::string> data;  // holes as zeros, up to 1 MiB
  int error = 0;
  std::string subject;
};

Read read_archive(const std::string &bytes, size_t step = 1000) {
  MemoryStream stream{bytes, step};
  TarInput input(MemoryStream::read, &stream);
  TarReader reader(input);
  Read result;
  const auto failed = [&result](const Error &error) {
    result.error = error.number;
    result.subject = error.subject;
    return result;
  };
  for (;;) {
    TarEntry entry;
    const Result<bool> found = reader.next(entry);
    if (!found) return failed(found.error());
    if (!found.value()) return result;
    std::string data;
    for (;;) {
      const Result<TarChunk> chunk = reader.read_chunk();
      if (!chunk) return failed(chunk.error());
      if (chunk.value().data.empty()) break;
      data.resize(chunk.value().offset);
      data += chunk.value().data;
    }
    data.resize(std::min<size_t>(entry.size, size_t{1} << 20U));
    result.entries.push_back(entry);
    result.data.push_back(data);
  }
}

bool contains(const std::string &text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string record(const std::string &key, const std::string &value) { return TarBuilder::record(key, value); }

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

TEST("v7 archives have neither magic nor directories of their own") {
  char block[kTarBlock] = {};
  std::strcpy(block, "old/");
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
  std::strcpy(block, "old");
  std::strcpy(block + 124, "00000000005");
  block[156] = 'S';
  memcpy(block + 257, "ustar  ", 8);
  std::strcpy(block + 386, "00000000000");
  std::strcpy(block + 398, "00000000002");
  block[482] = 1;
  std::strcpy(block + 483, "00000000024");
  char more[kTarBlock] = {};
  std::strcpy(more, "00000000012");
  std::strcpy(more + 12, "00000000003");
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

struct BadArchive {
  const char *what;
  std::string bytes;
  const char *complaint;
};

void check_all(const std::vector<BadArchive> &archives) {
  for (const BadArchive &bad : archives) {
    const Read read = read_archive(bad.bytes);
    if (read.error != EBADMSG || !contains(read.subject, bad.complaint)) {
      test::fail(__FILE__, __LINE__,
                 std::string(bad.what) + ": got " + std::to_string(read.error) + " " + read.subject);
    }
  }
}

TEST("a damaged archive is an error that says what and where") {
  TarBuilder cut_header;
  cut_header.file("a").cut(300);
  TarBuilder cut_body;
  cut_body.file("body", std::string(5000, 'x')).cut(2000);
  TarBuilder cut_padding;
  cut_padding.file("padding", "abc").cut(600);
  TarBuilder cut_pax;
  cut_pax.pax(record("path", std::string(2000, 'p'))).cut(900);
  check_all({
      {"header", cut_header.bytes(), "ends inside a header"},
      {"body", cut_body.bytes(), "body: the archive ends inside an entry (at byte 0)"},
      {"padding", cut_padding.bytes(), "ends inside an entry"},
      {"pax", cut_pax.bytes(), "ends inside an extended header"},
      {"pax alone", TarBuilder().pax(record("path", "a")).bytes(), "ends after an extended header"},
      {"pax before end", TarBuilder().pax(record("path", "a")).end().bytes(), "ends after an extended header"},
      {"checksum", TarBuilder().file("a").add({.name = "b", .wrong_checksum = true}).bytes(),
       "checksum is wrong (at byte 1024)"},
      {"not a tar", std::string(2048, 'z'), "checksum is wrong"},
      {"zero block", TarBuilder().raw(std::string(kTarBlock, '\0')).file("a").end().bytes(), "a lone zero block"},
  });
}

TEST("numbers out of range are refused") {
  const std::string huge = "\x80" + std::string(3, '\0') + "\x7f" + std::string(7, '\xff');
  const std::string over = "\x80" + std::string(2, '\0') + std::string(9, '\xff');
  check_all({
      {"huge size", TarBuilder().add({.name = "a", .size = huge}).bytes(), "ends inside an entry"},
      {"oversized size", TarBuilder().add({.name = "a", .size = over}).bytes(), "size is not a valid number"},
      {"negative size", TarBuilder().add({.name = "a", .size = std::string(12, '\xff')}).bytes(), "size is not"},
      {"negative uid", TarBuilder().add({.name = "a", .uid = std::string(8, '\xff')}).bytes(), "user id is not"},
      {"text gid", TarBuilder().add({.name = "a", .gid = "root"}).bytes(), "group id is not"},
      {"uid -1", TarBuilder().pax(record("uid", "4294967295")).file("a").bytes(), "user id is out of range"},
      {"gid", TarBuilder().pax(record("gid", "99999999999")).file("a").bytes(), "group id is out of range"},
      {"pax size", TarBuilder().pax(record("size", "-4")).file("a").bytes(), "size is not a valid number"},
      {"pax mtime", TarBuilder().pax(record("mtime", "soon")).file("a").bytes(), "mtime is not"},
  });
}

TEST("pax records that lie about their length are refused") {
  const auto pax = [](const std::string &records) { return TarBuilder().pax(records).file("a").end().bytes(); };
  check_all({
      {"too long", pax("99 path=abc\n"), "longer than the header"},
      {"too short", pax("3 path=abc\n"), "shorter than its key"},
      {"inside", pax("10 path=abc\n"), "does not end with a newline"},
      {"zero", pax("0 path=abc\n"), "shorter than its key"},
      {"no number", pax("x path=abc\n"), "length is not a number"},
      {"overflow", pax("99999999999999999999 path=abc\n"), "length is not a number"},
      {"no blank", pax("12"), "record without a length"},
      {"no equals", pax("8 abcde\n"), "record without a key"},
      {"empty key", pax("5 =a\n"), "record without a key"},
      {"NUL in path", pax(record("path", std::string("a\0b", 3))), "contains NUL"},
      {"xattr name", pax(record("SCHILY.xattr.", "v")), "attribute without a valid name"},
  });
}

TEST("extended headers are bounded") {
  const std::string long_value(600000, 'v');
  TarBuilder two;
  two.pax(record("comment", long_value)).pax(record("comment", long_value)).file("a");
  check_all({
      {"one long", TarBuilder().add({.name = "p", .type = 'x', .size = "00077777777"}).bytes(), "too long"},
      {"long name", TarBuilder().add({.name = "p", .type = 'L', .size = "77777777777"}).bytes(), "too long"},
      {"two together", two.bytes(), "too long"},
  });
  TarBuilder many;
  for (int i = 0; i < 4; ++i) many.pax(record("comment", long_value)).file("a");
  for (int i = 0; i < 4; ++i) many.pax(record("comment", long_value), 'g');
  CHECK_EQ(read_archive(many.file("b").end().bytes(), 100000).entries.size(), 5U);
}

TEST("sparse maps that do not fit are refused") {
  const auto sparse = [](const std::string &size, const std::string &map, const std::string &data) {
    return TarBuilder().pax(record("GNU.sparse.size", size) + record("GNU.sparse.map", map)).file("a", data).bytes();
  };
  const std::string one = record("GNU.sparse.major", "1") + record("GNU.sparse.realsize", "20");
  check_all({
      {"behind the end", sparse("20", "18,3", "abc"), "does not fit its file"},
      {"descending", sparse("20", "10,2,5,2", "abcd"), "does not fit its file"},
      {"overlapping", sparse("20", "0,4,2,2", "abcdef"), "does not fit its file"},
      {"overflow", sparse("20", "9223372036854775807,9223372036854775807", "a"), "does not fit its file"},
      {"more than there is", sparse("20", "0,10", "abc"), "does not fit what"},
      {"odd", sparse("20", "0,10,3", "abc"), "odd count"},
      {"no size", TarBuilder().pax(record("GNU.sparse.map", "0,1")).file("a", "a").bytes(), "without a size"},
      {"map too long", TarBuilder().pax(one).file("a", TarBuilder::padded("999999999\n")).bytes(), "too long"},
      {"map cut", TarBuilder().pax(one).file("a", "2\n0\n").bytes(), "longer than its entry"},
      {"map text", TarBuilder().pax(one).file("a", TarBuilder::padded("one\n")).bytes(), "not made of valid numbers"},
      {"version", TarBuilder().pax(record("GNU.sparse.major", "2")).file("a").bytes(), "unknown version"},
      {"no GNU header", TarBuilder().add({.name = "a", .type = 'S'}, "a").bytes(), "without a map"},
  });
}

TEST("entry types nobody knows are not guessed at") {
  const Read read = read_archive(TarBuilder().add({.name = "part2", .type = 'M'}).end().bytes());
  CHECK_EQ(read.error, EOPNOTSUPP);
  CHECK(contains(read.subject, "part2: entry type 'M' is not supported"));
}

}  // namespace
}  // namespace sampan
