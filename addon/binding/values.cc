// SPDX-License-Identifier: Apache-2.0
#include "addon/binding/values.h"

#include <uv.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

namespace sampan::binding {
namespace {

constexpr double kLargestInteger = 9007199254740991.0;  // Number.MAX_SAFE_INTEGER

[[noreturn]] void fail_value(Napi::Env env, const char *name, const char *expected) {
  throw Napi::TypeError::New(env, std::string(name) + ": expected " + expected);
}

double to_whole_number(const Napi::Value &value, const char *name, double min, double max, const char *expected) {
  if (!value.IsNumber()) fail_value(value.Env(), name, expected);
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= min && number <= max) || std::trunc(number) != number) fail_value(value.Env(), name, expected);
  return number;
}

Napi::Array to_array(const Napi::Value &value, const char *name) {
  if (!value.IsArray()) fail_value(value.Env(), name, "an array");
  return value.As<Napi::Array>();
}

struct ErrorText {
  std::string code;
  std::string description;
};

// libuv's words, which are those of Node's other errors; libuv lacks ECHILD, EDQUOT, ENOEXEC and some more.
ErrorText describe(int number) {
  char code[32];
  char description[128];
  uv_err_name_r(-number, code, sizeof code);
  uv_strerror_r(-number, description, sizeof description);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
  const char *const name = ::strerrorname_np(number);
  if (std::string_view(code).starts_with("Unknown") && name != nullptr) return {name, ::strerrordesc_np(number)};
#endif
  return {code, description};
}

}  // namespace

int to_fd(const Napi::Value &value, const char *name) {
  return static_cast<int>(to_whole_number(value, name, 0, std::numeric_limits<int>::max(), "a file descriptor"));
}

std::vector<int> to_fds(const Napi::Value &value, const char *name) {
  const Napi::Array array = to_array(value, name);
  std::vector<int> fds(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) fds[i] = to_fd(array.Get(i), name);
  return fds;
}

std::string to_text(const Napi::Value &value, const char *name) {
  if (!value.IsString()) fail_value(value.Env(), name, "a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  if (text.find('\0') != std::string::npos) fail_value(value.Env(), name, "a string without NUL bytes");
  return text;
}

std::vector<std::string> to_texts(const Napi::Value &value, const char *name) {
  const Napi::Array array = to_array(value, name);
  std::vector<std::string> texts;
  texts.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) texts.push_back(to_text(array.Get(i), name));
  return texts;
}

int Arguments::fd(size_t index, const char *name) const { return to_fd(info_[index], name); }

int32_t Arguments::integer(size_t index, const char *name) const {
  return static_cast<int32_t>(to_whole_number(info_[index], name, std::numeric_limits<int32_t>::min(),
                                              std::numeric_limits<int32_t>::max(), "a 32-bit integer"));
}

uint64_t Arguments::unsigned_integer(size_t index, const char *name) const {
  return static_cast<uint64_t>(to_whole_number(info_[index], name, 0, kLargestInteger, "an integer from 0"));
}

std::string Arguments::text(size_t index, const char *name) const { return to_text(info_[index], name); }

std::span<const std::byte> Arguments::bytes(size_t index, const char *name) const {
  const Napi::Value value = info_[index];
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    fail_value(value.Env(), name, "a Uint8Array");
  }
  const auto array = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const std::byte *>(array.Data()), array.ByteLength()};
}

Napi::Object Arguments::object(size_t index, const char *name) const {
  if (!info_[index].IsObject()) fail_value(info_.Env(), name, "an object");
  return info_[index].As<Napi::Object>();
}

Napi::Error to_error(Napi::Env env, const Error &error) {
  const auto [code, description] = describe(error.number);
  std::string message = code + ": " + description + ", " + error.call;
  if (!error.subject.empty()) message += " '" + error.subject + "'";
  Napi::Error result = Napi::Error::New(env, message);
  result.Set("errno", Napi::Number::New(env, -error.number));
  result.Set("code", Napi::String::New(env, code));
  result.Set("syscall", Napi::String::New(env, error.call));
  if (!error.subject.empty()) result.Set("path", Napi::String::New(env, error.subject));
  return result;
}

}  // namespace sampan::binding
