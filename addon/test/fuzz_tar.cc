// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the tar reader, with all data read, names cleaned and whiteouts parsed. The first byte of the input says
// how small the reads are. Seeds are archives behind such a byte.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "addon/helper/tar_path.h"
#include "addon/helper/tar_reader.h"
#include "addon/helper/tar_whiteout.h"
#include "addon/test/tar_builder.h"

namespace {

// What the unpacker relies on.
void check_path(const std::string &path) {
  using sampan::take_component;
  const std::string clean = sampan::clean_tar_path(path);
  for (std::string_view rest = clean; !rest.empty();) {
    const std::string_view component = take_component(rest);
    if (component.empty() || component == "." || component == "..") abort();
  }
  if (path.find('\0') != std::string::npos) abort();
  (void)sampan::parse_whiteout(clean);
}

}  // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

// Mutations would nearly all end at a wrong checksum, so most of them get it put right again.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
  constexpr unsigned kLeaveWrong = 16;
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % kLeaveWrong == 0) return size;
  for (size_t at = 1; at + sampan::kTarBlock <= size; at += sampan::kTarBlock) {
    char *block = reinterpret_cast<char *>(data + at);
    if (memcmp(block + 257, "ustar", 5) != 0) continue;
    sampan::TarBuilder fixed;
    fixed.add_block(block);
  }
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  sampan::MemoryStream stream{bytes.substr(1), static_cast<size_t>(data[0]) * 16 + 1};
  sampan::TarInput input(sampan::MemoryStream::read, &stream);
  sampan::TarReader reader(input);
  sampan::TarEntry entry;
  for (;;) {
    const sampan::Result<bool> found = reader.next(entry);
    if (!found || !found.value()) break;
    check_path(entry.path);
    check_path(entry.link);
    if (entry.mode > 07777U) abort();
    uint64_t end = 0;
    for (;;) {
      const sampan::Result<sampan::TarChunk> chunk = reader.read_chunk();
      if (!chunk) return 0;
      if (chunk.value().data.empty()) break;
      if (chunk.value().offset < end) abort();
      end = chunk.value().offset + chunk.value().data.size();
      if (end > entry.size) abort();
    }
  }
  if (!reader.drain()) abort();
  return 0;
}
