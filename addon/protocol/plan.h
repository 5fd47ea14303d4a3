// SPDX-License-Identifier: Apache-2.0
// The plan as the helper sees it: a read-only mapping whose every bound was checked before anything reads it.
//
// How this works: ops.def is expanded three times. Here into one struct of arguments per operation and an enum of
// codes; in plan.cc into the table of field types that the check runs over. The layout is in README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "addon/sys/result.h"

namespace sampan {

// Descriptors of a helper process (README.md): 0, 1, 2 are standard, then these.
inline constexpr int kPlanFd = 3;
inline constexpr int kControlFd = 4;
inline constexpr int kFirstPassedFd = 5;

inline constexpr uint32_t kPlanVersion = 1;
inline constexpr size_t kPlanArgs = 8;

enum class Op : uint32_t {
#define F(type, name)
#define OP(name, stage, doc, fields) name,
#include "addon/protocol/ops.def"
#undef OP
#undef F
};

enum class Stage : uint32_t { monitor = 0, init = 1 };

// A list of strings that stand one after the other in the plan.
class StringList {
 public:
  StringList() = default;
  StringList(const char *first, uint32_t count) : first_(first), count_(count) {}

  class iterator {
   public:
    iterator(const char *at, uint32_t left) : at_(at), left_(left) {}
    const char *operator*() const { return at_; }
    iterator &operator++() {
      // The last string is not stepped over: what follows it may be the end of the mapping.
      if (--left_ > 0) at_ += std::strlen(at_) + 1;
      return *this;
    }
    bool operator!=(const iterator &other) const { return left_ != other.left_; }

   private:
    const char *at_;
    uint32_t left_;
  };

  iterator begin() const { return {first_, count_}; }
  iterator end() const { return {nullptr, 0}; }
  uint32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

 private:
  const char *first_ = nullptr;
  uint32_t count_ = 0;
};

namespace plan_field {
using str = const char *;  // nullptr when absent
using list = StringList;
using u32 = uint32_t;
using u64 = uint64_t;
using fd = int;  // number of the borrowed descriptor, -1 when absent
}  // namespace plan_field

// One struct per operation, `<name>_args`, with the fields of ops.def.
#define F(type, name) plan_field::type name{};
#define OP(name, stage, doc, fields) \
  struct name##_args {               \
    fields                           \
  };
#include "addon/protocol/ops.def"
#undef OP
#undef F

class Plan {
 public:
  // Maps the sealed memfd and checks it. `passed` is the number of descriptors passed beside it. Errors: EPROTO and
  // what is wrong as the subject, or the errno of the call.
  static Result<Plan> open(int memfd, uint32_t passed);

  // Checks bytes that the caller keeps alive.
  static Result<Plan> decode(std::span<const std::byte> bytes, uint32_t passed);

  Plan(Plan &&other) noexcept
      : bytes_(other.bytes_),
        strings_(other.strings_),
        count_(other.count_),
        passed_(other.passed_),
        mapped_(std::exchange(other.mapped_, false)) {}
  Plan(const Plan &) = delete;
  Plan &operator=(const Plan &) = delete;
  Plan &operator=(Plan &&) = delete;
  ~Plan();

  uint32_t size() const { return count_; }
  // Descriptors that it may name.
  uint32_t passed() const { return passed_; }
  Op code(uint32_t index) const;

  // Field accessors of the generated readers below; the check has made every value valid.
  uint64_t arg(uint32_t index, size_t field) const;
  plan_field::str str(uint64_t value) const { return value == 0 ? nullptr : strings_ + value - 1; }
  plan_field::list list(uint64_t value) const;
  plan_field::u32 u32(uint64_t value) const { return static_cast<uint32_t>(value); }
  plan_field::u64 u64(uint64_t value) const { return value; }
  plan_field::fd fd(uint64_t value) const { return value == 0 ? -1 : kFirstPassedFd + static_cast<int>(value) - 1; }

 private:
  Plan(std::span<const std::byte> bytes, uint32_t count, const char *strings, uint32_t passed)
      : bytes_(bytes), strings_(strings), count_(count), passed_(passed) {}

  std::span<const std::byte> bytes_;
  const char *strings_;
  uint32_t count_;
  uint32_t passed_;
  bool mapped_ = false;
};

// read_<name>(plan, index) gives the arguments of the operation at index, which must have that code.
#define F(type, name) args.name = plan.type(plan.arg(index, field++));
#define OP(name, stage, doc, fields)                                                  \
  inline name##_args read_##name(const Plan &plan, [[maybe_unused]] uint32_t index) { \
    [[maybe_unused]] size_t field = 0;                                                \
    (void)plan;                                                                       \
    name##_args args;                                                                 \
    fields return args;                                                               \
  }
#include "addon/protocol/ops.def"
#undef OP
#undef F

Stage stage_of(Op op);
const char *name_of(Op op);

}  // namespace sampan
