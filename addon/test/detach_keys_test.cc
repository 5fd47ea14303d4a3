// SPDX-License-Identifier: Apache-2.0
// The detach key matcher: sequences over frames, and bytes that only began one.
#include "addon/helper/detach_keys.h"

#include <string>
#include <vector>

#include "addon/test/test.h"

namespace sampan {
namespace {

// What passes through, with "|" after each frame and "!" where the client detached.
std::string pass(std::string_view keys, const std::vector<std::string_view> &frames) {
  DetachKeys matcher(keys);
  std::string passed;
  for (const std::string_view frame : frames) {
    std::vector<char> out(frame.size() + DetachKeys::kMaxKeys);
    const DetachKeys::Outcome outcome = matcher.filter(frame, out.data());
    passed.append(out.data(), outcome.size);
    if (outcome.detached) return passed + "!";
    passed += "|";
  }
  return passed + std::string(matcher.take_held());
}

TEST("detach keys are found within and across frames, and other input passes unchanged") {
  struct Case {
    std::string_view keys;
    std::vector<std::string_view> frames;
    std::string_view passed;
  };
  const Case cases[] = {
      {"", {"\x10\x11", "x"}, "\x10\x11|x|"},
      {"\x10\x11", {"ls\n\x10\x11gone"}, "ls\n!"},
      {"\x10\x11", {"a\x10", "\x11", "b"}, "a|!"},
      {"\x10\x11",
       {"\x10", "a"},
       "|\x10"
       "a|"},
      {"\x10\x11", {"\x10\x10\x11"}, "\x10!"},
      {"\x10\x11", {"\x10"}, "|\x10"},
      {"aab", {"aaab"}, "a!"},
      {"aab", {"aa", "a", "c"}, "|a|aac|"},
      {"abab", {"abaabab"}, "aba!"},
      {"abac", {"ababac"}, "ab!"},
      {"x", {"1x2"}, "1!"},
  };
  for (const Case &c : cases) CHECK_EQ(pass(c.keys, c.frames), std::string(c.passed));
}

}  // namespace
}  // namespace sampan
