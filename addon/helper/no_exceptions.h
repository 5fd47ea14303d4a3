// SPDX-License-Identifier: Apache-2.0
// The ends of the C++ library's exceptions and of the C library's assertions, for a program that has no use for their
// words: what would throw ends the process instead. For main.cc alone, so that each is defined once.
//
// Without these definitions the linker takes the libraries' own, and with them the unwinder, the demangler, stdio,
// message catalogues and character set conversion: half of the program, in the memory of each monitor.
#pragma once

#include <cstdlib>
#include <functional>
#include <new>
#include <string>

// NOLINTBEGIN(misc-definitions-in-headers,cppcoreguidelines-no-malloc,readability-identifier-naming): see above
// libstdc++'s own names and signatures (bits/functexcept.h, which declares them noreturn): whatever its headers call.
namespace std {
void __throw_bad_alloc() { __builtin_trap(); }
void __throw_bad_array_new_length() { __builtin_trap(); }
void __throw_bad_function_call() { __builtin_trap(); }
void __throw_logic_error(const char *) { __builtin_trap(); }
void __throw_invalid_argument(const char *) { __builtin_trap(); }
void __throw_length_error(const char *) { __builtin_trap(); }
void __throw_out_of_range(const char *) { __builtin_trap(); }
void __throw_out_of_range_fmt(const char *, ...) { __builtin_trap(); }
}  // namespace std

// As everywhere in the helper, lack of memory is not survivable.
void *operator new(std::size_t size) {
  void *memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) __builtin_trap();
  return memory;
}
void *operator new[](std::size_t size) { return operator new(size); }
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void *memory) noexcept { std::free(memory); }
void operator delete[](void *memory, std::size_t) noexcept { std::free(memory); }

// A virtual function of an object that is being destroyed.
extern "C" [[noreturn]] void __cxa_pure_virtual() { __builtin_trap(); }

// The C library's own assertions, which it would translate and print.
extern "C" [[noreturn]] void __assert_fail(const char *, const char *, unsigned, const char *) noexcept {
  __builtin_trap();
}

// glibc's inner name of dcgettext(3): nothing of what it would translate is ever shown.
extern "C" char *__dcgettext(const char *, const char *message, int) noexcept { return const_cast<char *>(message); }
// NOLINTEND(misc-definitions-in-headers,cppcoreguidelines-no-malloc,readability-identifier-naming)
