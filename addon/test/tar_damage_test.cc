// SPDX-License-Identifier: Apache-2.0
// The tar reader: everything an archive may lie about, and that messages say what and where.
#include "addon/test/read_archive.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

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

}  // namespace
}  // namespace sampan
