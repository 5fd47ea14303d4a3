// SPDX-License-Identifier: Apache-2.0
// What native tests are written with: TEST("one sentence") { ... CHECK(condition); CHECK_EQ(actual, expected); }
// A test goes on after a failed check. The runner (test_main.cc) runs all of them, or those whose name contains its
// argument.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sampan::test {

using Function = void (*)();
struct Registration {
  Registration(const char *name, const char *file, Function function);
};
void fail(const char *file, int line, const std::string &what);
// Failed checks of the running test so far.
int failures();

std::string show_text(std::string_view text);  // quoted, unprintable bytes as \xNN

template <typename T>
std::string show(const T &value) {
  if constexpr (std::convertible_to<T, std::string_view>) {
    return show_text(value);
  } else if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::underlying_type_t<T>>(value));
  } else {
    return std::to_string(value);
  }
}

template <typename Actual, typename Expected>
void check_eq(const char *file, int line, const char *text, const Actual &actual, const Expected &expected) {
  bool equal;
  if constexpr (std::integral<Actual> && std::integral<Expected> && !std::same_as<Actual, bool>) {
    equal = std::cmp_equal(actual, expected);
  } else {
    equal = actual == expected;
  }
  if (!equal) fail(file, line, std::string(text) + " is " + show(actual) + ", expected " + show(expected));
}

}  // namespace sampan::test

#define SAMPAN_TEST_JOIN2(a, b) a##b
#define SAMPAN_TEST_JOIN(a, b) SAMPAN_TEST_JOIN2(a, b)
#define TEST(name)                                                                     \
  static void SAMPAN_TEST_JOIN(test_, __LINE__)();                                     \
  static const ::sampan::test::Registration SAMPAN_TEST_JOIN(registration_, __LINE__)( \
      name, __FILE__, SAMPAN_TEST_JOIN(test_, __LINE__));                              \
  static void SAMPAN_TEST_JOIN(test_, __LINE__)()
#define CHECK(condition) \
  ((condition) ? void() : ::sampan::test::fail(__FILE__, __LINE__, std::string(#condition) + " is false"))
#define CHECK_EQ(actual, expected) ::sampan::test::check_eq(__FILE__, __LINE__, #actual, actual, expected)
