// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/json_text.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace sampan {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

// True for bytes that stand for themselves. Bytes from 0x80 on need a look at the whole sequence.
constexpr std::array<bool, 256> make_plain_table() {
  std::array<bool, 256> plain = {};
  for (size_t c = 0x20; c < 0x80; ++c) plain[c] = true;
  for (char c : {'"', '\\', '<', '>', '&'}) plain[static_cast<uint8_t>(c)] = false;
  return plain;
}
constexpr std::array<bool, 256> kPlain = make_plain_table();

uint8_t byte_at(std::string_view text, size_t index) { return static_cast<uint8_t>(text[index]); }

bool is_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// What a lead byte promises: the length of its sequence and the range of the second byte (RFC 3629, table 3-7 of
// Unicode). Length 0: not a lead byte.
struct Lead {
  uint8_t length;
  uint8_t second_min;
  uint8_t second_max;
};

Lead lead_of(uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// True when the bytes after the lead byte, as far as they are there, belong to its sequence.
bool continues(const Lead &lead, std::string_view text) {
  if (text.size() > 1 && (byte_at(text, 1) < lead.second_min || byte_at(text, 1) > lead.second_max)) return false;
  for (size_t i = 2; i < lead.length && i < text.size(); ++i) {
    if (!is_continuation(byte_at(text, i))) return false;
  }
  return true;
}

char *put(std::string_view text, char *out) {
  memcpy(out, text.data(), text.size());
  return out + text.size();
}

char *put_ascii_escape(uint8_t byte, char *out) {
  switch (byte) {
    case '\n':
      return put("\\n", out);
    case '\r':
      return put("\\r", out);
    case '"':
      return put("\\\"", out);
    case '\\':
      return put("\\\\", out);
    default:
      out = put("\\u00", out);
      *out++ = kHexDigits[byte >> 4];
      *out++ = kHexDigits[byte & 0xF];
      return out;
  }
}

}  // namespace

size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const Lead lead = lead_of(byte_at(text, 0));
  if (lead.length == 0 || text.size() < lead.length || !continues(lead, text)) return 0;
  return lead.length;
}

size_t incomplete_utf8_tail(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const std::string_view tail = text.substr(text.size() - back);
    if (is_continuation(byte_at(tail, 0))) continue;
    const Lead lead = lead_of(byte_at(tail, 0));
    return lead.length > back && continues(lead, tail) ? back : 0;
  }
  return 0;
}

char *escape_json(std::string_view text, char *out) {
  // U+2028 and U+2029 end a line in JavaScript source, so Go escapes them.
  constexpr std::string_view kLineSeparator = "\xE2\x80\xA8";
  constexpr std::string_view kParagraphSeparator = "\xE2\x80\xA9";
  size_t i = 0;
  while (i < text.size()) {
    const size_t start = i;
    while (i < text.size() && kPlain[byte_at(text, i)]) ++i;
    out = put(text.substr(start, i - start), out);
    if (i == text.size()) break;
    if (byte_at(text, i) < 0x80) {
      out = put_ascii_escape(byte_at(text, i), out);
      ++i;
      continue;
    }
    const size_t length = utf8_length(text.substr(i));
    const std::string_view sequence = text.substr(i, length == 0 ? 1 : length);
    if (length == 0) {
      out = put("\\ufffd", out);
    } else if (sequence == kLineSeparator) {
      out = put("\\u2028", out);
    } else if (sequence == kParagraphSeparator) {
      out = put("\\u2029", out);
    } else {
      out = put(sequence, out);
    }
    i += sequence.size();
  }
  return out;
}

std::string to_json_string(std::string_view text) {
  std::string escaped(text.size() * kMaxEscape + 2, '"');
  const char *end = escape_json(text, escaped.data() + 1);
  escaped.resize(static_cast<size_t>(end - escaped.data()));
  escaped += '"';
  return escaped;
}

}  // namespace sampan
