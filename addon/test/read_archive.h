// SPDX-License-Identifier: Apache-2.0
// Reads an archive from memory to its end or its first error.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "addon/helper/tar_reader.h"
#include "addon/test/tar_builder.h"

namespace sampan {

struct Read {
  std::vector<TarEntry> entries;
  std::vector<std::string> data;  // holes as zeros, up to 1 MiB
  int error = 0;
  std::string subject;
};

inline Read read_archive(const std::string &bytes, size_t step = 1000) {
  MemoryStream stream{bytes, step};
  TarInput input(MemoryStream::read, &stream);
  TarReader reader(input);
  Read result;
  const auto failed = [&result](const Error &error) {
    result.error = error.number;
    result.subject = error.subject;
    return result;
  };
  for (;;) {
    TarEntry entry;
    const Result<bool> found = reader.next(entry);
    if (!found) return failed(found.error());
    if (!found.value()) return result;
    std::string data;
    for (;;) {
      const Result<TarChunk> chunk = reader.read_chunk();
      if (!chunk) return failed(chunk.error());
      if (chunk.value().data.empty()) break;
      data.resize(chunk.value().offset);
      data += chunk.value().data;
    }
    data.resize(std::min<size_t>(entry.size, size_t{1} << 20U));
    result.entries.push_back(entry);
    result.data.push_back(data);
  }
}

inline bool contains(const std::string &text, std::string_view part) { return text.find(part) != std::string::npos; }

inline std::string record(const std::string &key, const std::string &value) { return TarBuilder::record(key, value); }

}  // namespace sampan
