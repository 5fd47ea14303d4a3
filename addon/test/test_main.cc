// SPDX-License-Identifier: Apache-2.0
// Runs the native tests. Output: one line per failed check, then "N passed, N failed, N skipped".
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "addon/test/namespace_root.h"
#include "addon/test/test.h"

namespace sampan::test {
namespace {

struct Test {
  const char *name;
  const char *file;
  Function function;
};

// A function, because registrations of other files run before this file's globals are made.
std::vector<Test> &tests() {
  static std::vector<Test> all;
  return all;
}

const Test *current = nullptr;
int failures_of_current = 0;

}  // namespace

Registration::Registration(const char *name, const char *file, Function function) {
  tests().push_back({name, file, function});
}

void fail(const char *file, int line, const std::string &what) {
  ++failures_of_current;
  std::fprintf(stderr, "%s:%d: %s: %s\n", file, line, current->name, what.c_str());
}

int failures() { return failures_of_current; }

std::string show_text(std::string_view text) {
  constexpr size_t kLongest = 400;
  std::string out = "\"";
  for (const char c : text.substr(0, kLongest)) {
    char escaped[8];
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7F) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + (text.size() > kLongest ? "\"... (" + std::to_string(text.size()) + " bytes)" : "\"");
}

}  // namespace sampan::test

int main(int argc, char **argv) {
  using namespace sampan::test;
  const char *wanted = argc > 1 ? argv[1] : "";
  if (!be_root()) {
    std::perror("the tests need a user namespace");
    return 1;
  }
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  for (const Test &test : tests()) {
    if (std::strstr(test.name, wanted) == nullptr && std::strstr(test.file, wanted) == nullptr) {
      ++skipped;
      continue;
    }
    current = &test;
    failures_of_current = 0;
    test.function();
    ++(failures_of_current == 0 ? passed : failed);
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed == 0 ? 0 : 1;
}
