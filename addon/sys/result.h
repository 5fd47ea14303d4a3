// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or the errno of the call that failed, with what it failed on. No exceptions anywhere in native
// code below the binding.
#pragma once

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

namespace sampan {

// What failed: errno captured on the line of the call, the call, its subject (a path, a name; may be empty), and what
// the kernel or a program said about it, where it said more than a number.
struct Error {
  int number = 0;
  const char *call = "";
  std::string subject{};
  std::string detail{};
};

inline Error last_error(const char *call, std::string subject = {}) { return Error{errno, call, std::move(subject)}; }

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  T &value() { return *value_; }
  const T &value() const { return *value_; }
  T take() { return std::move(*value_); }
  const Error &error() const { return error_; }

 private:
  std::optional<T> value_;
  Error error_;
};

// A Result without a value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : failed_(true), error_(std::move(error)) {}

  bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  const Error &error() const { return error_; }

 private:
  bool failed_ = false;
  Error error_;
};

}  // namespace sampan
