// SPDX-License-Identifier: Apache-2.0
// JSON escaping of log text, against what Go's encoder makes of the same bytes.
#include "addon/helper/json_text.h"

#include <string>
#include <vector>

#include "addon/test/test.h"

namespace sampan {
namespace {

std::string escaped(std::string_view text) {
  std::vector<char> out(text.size() * kMaxEscape + 1);
  const char *end = escape_json(text, out.data());
  return {out.data(), static_cast<size_t>(end - out.data())};
}

TEST("escape_json escapes what docker's log escapes") {
  struct Case {
    std::string_view in;
    std::string_view out;
  };
  using namespace std::string_view_literals;
  const Case cases[] = {
      {"", ""},
      {"plain text 123 ~", "plain text 123 ~"},
      {"a\nb\r\n", "a\\nb\\r\\n"},
      {"tab\tbell\abs\b ff\f"sv, "tab\\u0009bell\\u0007bs\\u0008 ff\\u000c"},
      {"nul\0end"sv, "nul\\u0000end"},
      {"\x1b[0m", "\\u001b[0m"},
      {"\x7f", "\x7f"},
      {"say \"hi\" \\ bye", "say \\\"hi\\\" \\\\ bye"},
      {"<a href='x'>&amp;</a>", "\\u003ca href='x'\\u003e\\u0026amp;\\u003c/a\\u003e"},
      {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
      {"\xE6\xBC\xA2 \xF0\x9F\x98\x80", "\xE6\xBC\xA2 \xF0\x9F\x98\x80"},
      {"\xE2\x80\xA8|\xE2\x80\xA9|\xE2\x80\xAA", "\\u2028|\\u2029|\xE2\x80\xAA"},
      {"\x80", "\\ufffd"},
      {"a\xFFz", "a\\ufffdz"},
      {"\xC3(", "\\ufffd("},
      {"\xC0\xAF", "\\ufffd\\ufffd"},             // overlong
      {"\xED\xA0\x80", "\\ufffd\\ufffd\\ufffd"},  // surrogate
      {"\xF4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
      {"cut \xE6\xBC", "cut \\ufffd\\ufffd"},
      {"\xEF\xBF\xBD", "\xEF\xBF\xBD"},
  };
  for (const Case &c : cases) CHECK_EQ(escaped(c.in), std::string(c.out));
}

TEST("incomplete_utf8_tail finds the beginning of a sequence at the end of text") {
  struct Case {
    std::string_view in;
    size_t tail;
  };
  const Case cases[] = {
      {"", 0},
      {"abc", 0},
      {"a\xC3\xBC", 0},
      {"a\xC3", 1},
      {"a\xE6\xBC", 2},
      {"\xF0\x9F", 2},
      {"\xF0\x9F\x98", 3},
      {"\xF0\x9F\x98\x80", 0},
      {"\x80\x80\x80\x80", 0},
      {"\xE0\x80", 0},
      {"\xC3\xBC\x80", 0},
      {"\xFF", 0},
  };
  for (const Case &c : cases) CHECK_EQ(incomplete_utf8_tail(c.in), c.tail);
}

}  // namespace
}  // namespace sampan
