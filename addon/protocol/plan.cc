// SPDX-License-Identifier: Apache-2.0
// The check of a plan: nothing in it is believed, although only our own TypeScript writes plans, because everything
// after this point runs with the rights of a container's root.
#include "addon/protocol/plan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>

namespace sampan {

namespace {

constexpr char kMagic[4] = {'S', 'P', 'L', 'N'};
constexpr size_t kHeaderSize = 16;
constexpr size_t kRecordSize = 72;
constexpr uint32_t kMaxOps = 65536;
constexpr off_t kMaxPlanSize = 64 << 20;

enum class FieldType : uint8_t { none, str, list, u32, u64, fd };

struct OpShape {
  const char *name;
  Stage stage;
  std::array<FieldType, kPlanArgs> fields;
};

constexpr OpShape kShapes[] = {
#define F(type, name) FieldType::type,
#define OP(name, stage, doc, fields) {#name, Stage::stage, {fields}},
#include "addon/protocol/ops.def"
#undef OP
#undef F
};
constexpr uint32_t kOpCount = sizeof kShapes / sizeof kShapes[0];

Error bad_plan(const char *what) { return Error{EPROTO, "plan", what}; }

template <typename T>
T load(std::span<const std::byte> bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct StringTable {
  const char *data;
  uint32_t size;
};

// The table's last byte is NUL, so a string that starts inside ends inside.
bool is_list(const StringTable &strings, uint64_t value) {
  const uint64_t count = value >> 32;
  uint64_t offset = value & UINT32_MAX;
  if (count == 0) return offset == 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (offset >= strings.size) return false;
    offset += std::strlen(strings.data + offset) + 1;
  }
  return true;
}

const char *problem_of_field(FieldType type, uint64_t value, const StringTable &strings, uint32_t passed) {
  switch (type) {
    case FieldType::none:
      return value == 0 ? nullptr : "an unused argument is set";
    case FieldType::str:
      return value <= strings.size ? nullptr : "a string is out of bounds";
    case FieldType::list:
      return is_list(strings, value) ? nullptr : "a list is out of bounds";
    case FieldType::u32:
      return value <= UINT32_MAX ? nullptr : "a number is out of bounds";
    case FieldType::u64:
      return nullptr;
    case FieldType::fd:
      return value <= passed ? nullptr : "a descriptor was not passed";
  }
  return "unknown field type";
}

}  // namespace

Result<Plan> Plan::decode(std::span<const std::byte> bytes, uint32_t passed) {
  if (bytes.size() < kHeaderSize) return bad_plan("shorter than its header");
  if (std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) return bad_plan("wrong magic");
  if (load<uint32_t>(bytes, 4) != kPlanVersion) return bad_plan("another version");
  const auto count = load<uint32_t>(bytes, 8);
  const auto strings_size = load<uint32_t>(bytes, 12);
  if (count > kMaxOps) return bad_plan("too many operations");
  const size_t strings_at = kHeaderSize + size_t{count} * kRecordSize;
  if (bytes.size() < strings_at || bytes.size() - strings_at != strings_size) return bad_plan("sizes do not add up");
  if (strings_size > 0 && bytes.back() != std::byte{0}) return bad_plan("strings do not end");

  const StringTable strings{reinterpret_cast<const char *>(bytes.data() + strings_at), strings_size};
  for (uint32_t index = 0; index < count; ++index) {
    const size_t at = kHeaderSize + size_t{index} * kRecordSize;
    const auto code = load<uint32_t>(bytes, at);
    if (code >= kOpCount) return bad_plan("unknown operation");
    if (load<uint32_t>(bytes, at + 4) != 0) return bad_plan("reserved field is set");
    for (size_t field = 0; field < kPlanArgs; ++field) {
      const auto value = load<uint64_t>(bytes, at + 8 + 8 * field);
      const char *problem = problem_of_field(kShapes[code].fields[field], value, strings, passed);
      if (problem != nullptr) return bad_plan(problem);
    }
  }
  return Plan(bytes, count, strings.data, passed);
}

Result<Plan> Plan::open(int memfd, uint32_t passed) {
  // memfd_create(2): without these seals the writer could change the plan after the check.
  constexpr int kNeeded = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
  const int seals = ::fcntl(memfd, F_GET_SEALS);
  if (seals < 0) return last_error("fcntl(F_GET_SEALS)", "plan");
  if ((seals & kNeeded) != kNeeded) return bad_plan("not sealed");
  struct stat info {};
  if (::fstat(memfd, &info) != 0) return last_error("fstat", "plan");
  if (info.st_size < static_cast<off_t>(kHeaderSize)) return bad_plan("shorter than its header");
  if (info.st_size > kMaxPlanSize) return bad_plan("too large");
  const auto size = static_cast<size_t>(info.st_size);
  void *data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, memfd, 0);
  if (data == MAP_FAILED) return last_error("mmap", "plan");
  auto plan = decode({static_cast<const std::byte *>(data), size}, passed);
  if (!plan) {
    ::munmap(data, size);
    return plan.error();
  }
  plan.value().mapped_ = true;
  return plan;
}

Plan::~Plan() {
  if (mapped_) ::munmap(const_cast<std::byte *>(bytes_.data()), bytes_.size());
}

Op Plan::code(uint32_t index) const {
  return static_cast<Op>(load<uint32_t>(bytes_, kHeaderSize + size_t{index} * kRecordSize));
}

uint64_t Plan::arg(uint32_t index, size_t field) const {
  return load<uint64_t>(bytes_, kHeaderSize + size_t{index} * kRecordSize + 8 + 8 * field);
}

plan_field::list Plan::list(uint64_t value) const {
  const auto count = static_cast<uint32_t>(value >> 32);
  return count == 0 ? StringList() : StringList(strings_ + (value & UINT32_MAX), count);
}

Stage stage_of(Op op) { return kShapes[static_cast<uint32_t>(op)].stage; }
const char *name_of(Op op) { return kShapes[static_cast<uint32_t>(op)].name; }

}  // namespace sampan
