// SPDX-License-Identifier: Apache-2.0
// JSON string escaping, byte for byte as docker's json-file log does it: Go's encoding/json with HTML escaping, but
// \t, \b and \f in the \u00XX form.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sampan {

// One input byte becomes six characters at most (\u00XX, or \ufffd for a byte that is not UTF-8).
inline constexpr size_t kMaxEscape = 6;

// Writes the escaped text (without quotes) and returns its end. `out` has room for text.size() * kMaxEscape.
char *escape_json(std::string_view text, char *out);

// The text as a JSON string, with its quotes.
std::string to_json_string(std::string_view text);

// Length of the UTF-8 sequence at the start of `text`; 0 when it is not valid UTF-8 (overlong, surrogate, cut off).
size_t utf8_length(std::string_view text);

// How many bytes at the end of `text` are the beginning of a UTF-8 sequence that is not complete yet (0..3).
size_t incomplete_utf8_tail(std::string_view text);

}  // namespace sampan
