// SPDX-License-Identifier: Apache-2.0
// The decoder of plans: what it reads, and every way in which it refuses.
#include "addon/protocol/plan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "addon/sys/unique_fd.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

// Writes plans as lib/native/plan.ts does.
class PlanBytes {
 public:
  uint64_t str(std::string_view text) {
    const uint64_t offset = strings_.size();
    strings_.append(text).push_back('\0');
    return offset + 1;
  }
  uint64_t list(const std::vector<std::string_view> &items) {
    const uint64_t offset = strings_.size();
    for (const auto item : items) str(item);
    return uint64_t{items.size()} << 32 | offset;
  }
  void op(Op code, const std::vector<uint64_t> &args = {}, uint32_t reserved = 0) {
    put(records_, static_cast<uint32_t>(code));
    put(records_, reserved);
    for (size_t i = 0; i < kPlanArgs; ++i) put(records_, i < args.size() ? args[i] : uint64_t{0});
    ++count_;
  }
  std::string bytes() const {
    std::string all = magic;
    put(all, version);
    put(all, count_ + extra_count);
    put(all, static_cast<uint32_t>(strings_.size()) + extra_size);
    return all + records_ + strings_;
  }

  std::string magic = "SPLN";
  uint32_t version = kPlanVersion;
  uint32_t extra_count = 0;
  uint32_t extra_size = 0;

 private:
  template <typename T>
  static void put(std::string &to, T value) {
    to.append(reinterpret_cast<const char *>(&value), sizeof value);
  }
  std::string records_;
  std::string strings_;
  uint32_t count_ = 0;
};

// "" when it decodes.
std::string refusal(const std::string &bytes, uint32_t passed = 0) {
  const auto plan = Plan::decode(std::as_bytes(std::span(bytes)), passed);
  return plan ? "" : plan.error().subject;
}

TEST("a plan gives back what was encoded") {
  PlanBytes encoded;
  encoded.op(Op::join_namespaces, {2, uint64_t{1} << 40});
  encoded.op(Op::exec, {encoded.list({"sh", "", "-c"}), 0});
  encoded.op(Op::make_file, {encoded.str("/etc/x"), 0, 0644});
  const std::string bytes = encoded.bytes();
  const auto decoded = Plan::decode(std::as_bytes(std::span(bytes)), 2);
  CHECK(decoded.ok());
  if (!decoded) return;
  const Plan &plan = decoded.value();
  CHECK_EQ(plan.size(), 3);
  CHECK_EQ(plan.code(1), Op::exec);
  const auto join = read_join_namespaces(plan, 0);
  CHECK_EQ(join.pidfd, kFirstPassedFd + 1);
  CHECK_EQ(join.flags, uint64_t{1} << 40);
  std::string words;
  const auto exec = read_exec(plan, 1);
  for (const char *word : exec.argv) words.append(word).append("|");
  CHECK_EQ(words, "sh||-c|");
  CHECK(exec.env.empty());
  const auto file = read_make_file(plan, 2);
  CHECK_EQ(std::string(file.path), "/etc/x");
  CHECK(file.content == nullptr);
  CHECK_EQ(file.mode, 0644);
}

TEST("a plan without operations is valid") { CHECK_EQ(refusal(PlanBytes().bytes()), ""); }

TEST("a plan with a broken frame is refused") {
  CHECK_EQ(refusal(""), "shorter than its header");
  CHECK_EQ(refusal("SPLN"), "shorter than its header");
  PlanBytes magic;
  magic.magic = "SPLM";
  CHECK_EQ(refusal(magic.bytes()), "wrong magic");
  PlanBytes version;
  version.version = 2;
  CHECK_EQ(refusal(version.bytes()), "another version");
  PlanBytes count;
  count.extra_count = 1;
  CHECK_EQ(refusal(count.bytes()), "sizes do not add up");
  PlanBytes many;
  many.extra_count = 0xFFFFFFFF;
  CHECK_EQ(refusal(many.bytes()), "too many operations");
  PlanBytes size;
  size.extra_size = 1;
  CHECK_EQ(refusal(size.bytes()), "sizes do not add up");
  CHECK_EQ(refusal(PlanBytes().bytes() + "x"), "sizes do not add up");
}

TEST("a string table that does not end in NUL is refused") {
  PlanBytes plan;
  plan.op(Op::set_cwd, {plan.str("/")});
  std::string bytes = plan.bytes();
  bytes.back() = 'x';
  CHECK_EQ(refusal(bytes), "strings do not end");
}

TEST("an unknown operation or a set reserved field is refused") {
  PlanBytes unknown;
  unknown.op(static_cast<Op>(10000));
  CHECK_EQ(refusal(unknown.bytes()), "unknown operation");
  PlanBytes reserved;
  reserved.op(Op::become_root, {}, 1);
  CHECK_EQ(refusal(reserved.bytes()), "reserved field is set");
}

TEST("an argument out of bounds is refused") {
  struct Case {
    Op op;
    std::vector<uint64_t> args;
    const char *expected;
  };
  constexpr uint64_t kTwo = uint64_t{2} << 32;
  const Case cases[] = {
      {Op::become_root, {1}, "an unused argument is set"},
      {Op::set_cwd, {0, 1}, "an unused argument is set"},
      {Op::set_cwd, {3}, ""},  // the NUL of the one string: an empty string
      {Op::set_cwd, {4}, "a string is out of bounds"},
      {Op::set_cwd, {~uint64_t{0}}, "a string is out of bounds"},
      {Op::set_umask, {uint64_t{1} << 32}, "a number is out of bounds"},
      {Op::join_cgroup, {2}, ""},
      {Op::join_cgroup, {3}, "a descriptor was not passed"},
      {Op::exec, {uint64_t{1} << 32}, ""},
      {Op::exec, {1}, "a list is out of bounds"},
      {Op::exec, {kTwo}, "a list is out of bounds"},
      {Op::exec, {uint64_t{1} << 32 | 3}, "a list is out of bounds"},
      {Op::exec, {~uint64_t{0}}, "a list is out of bounds"},
  };
  for (const auto &[op, args, expected] : cases) {
    PlanBytes plan;
    plan.str("ab");
    plan.op(op, args);
    CHECK_EQ(refusal(plan.bytes(), 2), expected);
  }
}

TEST("only a sealed plan is opened") {
  const std::string bytes = PlanBytes().bytes();
  const unique_fd memfd(::memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  CHECK_EQ(::write(memfd.get(), bytes.data(), bytes.size()), bytes.size());
  const auto before = Plan::open(memfd.get(), 0);
  CHECK(!before.ok());
  CHECK_EQ(before.error().subject, "not sealed");
  CHECK_EQ(::fcntl(memfd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
  CHECK(Plan::open(memfd.get(), 0).ok());
}

TEST("every operation knows its name and stage") {
  CHECK_EQ(std::string(name_of(Op::namespaces)), "namespaces");
  CHECK_EQ(stage_of(Op::exit_command), Stage::monitor);
  CHECK_EQ(stage_of(Op::become_root), Stage::init);
  CHECK_EQ(std::string(name_of(Op::tree_usage)), "tree_usage");
}

}  // namespace
}  // namespace sampan
