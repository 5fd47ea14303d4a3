// SPDX-License-Identifier: Apache-2.0
// Fuzz target: whatever a file system says about a file, the reader reads what the writer wrote.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "addon/helper/tar_writer.h"
#include "addon/test/read_archive.h"

namespace {

// Takes values off the front of the input.
struct Input {
  std::string_view rest;

  uint64_t number() {
    uint64_t value = 0;
    const size_t size = std::min(sizeof value, rest.size());
    memcpy(&value, rest.data(), size);
    rest.remove_prefix(size);
    return value;
  }
  // As names of files are: not empty, without NUL.
  std::string text() {
    const size_t size = std::min<size_t>(number() % 600, rest.size());
    std::string value(rest.substr(0, size));
    rest.remove_prefix(size);
    for (char &c : value) c = c == '\0' ? '0' : c;
    return value.empty() ? "x" : value;
  }
};

ssize_t append(void *context, const char *bytes, size_t size) {
  static_cast<std::string *>(context)->append(bytes, size);
  return static_cast<ssize_t>(size);
}

void require(bool condition) {
  if (!condition) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Input input{std::string_view(reinterpret_cast<const char *>(data), size)};
  sampan::TarMember member;
  member.path = input.text();
  const bool is_link = input.number() % 2 == 1;
  if (is_link) {
    member.type = sampan::TarFlag::symlink;
    member.link = input.text();
  } else {
    member.size = input.number() % 2000;
  }
  member.mode = static_cast<uint32_t>(input.number() & 07777U);
  member.uid = static_cast<uint32_t>(input.number()) & 0x7fffffffU;
  member.gid = static_cast<uint32_t>(input.number()) & 0x7fffffffU;
  member.mtime.tv_sec = static_cast<time_t>(static_cast<int64_t>(input.number()) >> 8);
  member.mtime.tv_nsec = static_cast<long>(input.number() % 1000000000);
  for (uint64_t count = is_link ? 0 : input.number() % 4; count > 0; --count) {
    std::string name = "user." + std::to_string(count);
    member.xattrs.push_back({name, input.text()});
  }
  std::string bytes;
  sampan::TarWriter tar(append, &bytes);
  require(tar.begin(member).ok());
  require(tar.end().ok());
  require(tar.finish().ok());
  const sampan::Read read = sampan::read_archive(bytes);
  require(read.error == 0 && read.entries.size() == 1);
  const sampan::TarEntry &entry = read.entries[0];
  // The reader takes a file whose name ends with a slash for a directory, as old archives mean it.
  if (member.path.back() != '/') require(entry.path == member.path && entry.size == member.size);
  require(entry.link == member.link && entry.mode == member.mode);
  require(entry.uid == member.uid && entry.gid == member.gid);
  require(entry.mtime.tv_sec == member.mtime.tv_sec && entry.mtime.tv_nsec == member.mtime.tv_nsec);
  require(entry.xattrs.size() == member.xattrs.size());
  return 0;
}
