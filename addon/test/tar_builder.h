// SPDX-License-Identifier: Apache-2.0
// Archives for tests, right or deliberately wrong, and ways to read them from memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "addon/helper/tar_header.h"
#include "addon/helper/tar_input.h"

namespace sampan {

class TarBuilder {
 public:
  // One header field after the other; the checksum is computed when it is added.
  struct Header {
    std::string name;
    char type = '0';
    std::string link{};
    std::string size{};  // octal text or raw bytes; empty: the size of the data
    unsigned mode = 0644;
    std::string uid = "0";
    std::string gid = "0";
    std::string mtime = "7346545000";  // 1,000,000,000
    std::string prefix{};
    bool gnu = false;
    bool wrong_checksum = false;
  };

  TarBuilder &add(const Header &header, std::string_view data = {}) {
    char block[kTarBlock] = {};
    put(block, 0, 100, header.name);
    char octal[24];
    std::snprintf(octal, sizeof octal, "%07o", header.mode);
    put(block, 100, 8, octal);
    put(block, 108, 8, header.uid);
    put(block, 116, 8, header.gid);
    std::snprintf(octal, sizeof octal, "%011llo", static_cast<unsigned long long>(data.size()));
    put(block, 124, 12, header.size.empty() ? octal : header.size);
    put(block, 136, 12, header.mtime);
    block[156] = header.type;
    put(block, 157, 100, header.link);
    put(block, 257, 8, header.gnu ? std::string_view("ustar  \0", 8) : std::string_view("ustar\00000", 8));
    put(block, 345, 155, header.prefix);
    add_block(block, header.wrong_checksum);
    return raw(padded(data));
  }

  TarBuilder &add_block(char *block, bool wrong_checksum = false) {
    memset(block + 148, ' ', 8);
    unsigned sum = wrong_checksum ? 1 : 0;
    for (size_t i = 0; i < kTarBlock; ++i) sum += static_cast<unsigned char>(block[i]);
    char octal[24];
    std::snprintf(octal, sizeof octal, "%06o", sum);
    memcpy(block + 148, octal, 7);
    return raw({block, kTarBlock});
  }

  TarBuilder &file(const std::string &name, std::string_view data = "data") { return add({.name = name}, data); }
  TarBuilder &directory(const std::string &name, unsigned mode = 0755) {
    return add({.name = name, .type = '5', .mode = mode});
  }
  TarBuilder &symlink(const std::string &name, const std::string &to) {
    return add({.name = name, .type = '2', .link = to});
  }
  TarBuilder &hard_link(const std::string &name, const std::string &to) {
    return add({.name = name, .type = '1', .link = to});
  }
  TarBuilder &pax(const std::string &records, char type = 'x') { return add({.name = "pax", .type = type}, records); }
  TarBuilder &long_name(const std::string &name, char type = 'L') {
    return add({.name = "././@LongLink", .type = type, .gnu = true}, name + '\0');
  }
  TarBuilder &raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }
  TarBuilder &end() { return raw(std::string(2 * kTarBlock, '\0')); }

  // "<length> key=value\n"; the length counts its own digits.
  static std::string record(const std::string &key, const std::string &value) {
    const std::string body = " " + key + "=" + value + "\n";
    size_t length = body.size() + 1;
    while (std::to_string(length).size() + body.size() != length) ++length;
    return std::to_string(length) + body;
  }

  static std::string padded(std::string_view data) {
    std::string result(data);
    result.resize((data.size() + kTarBlock - 1) / kTarBlock * kTarBlock);
    return result;
  }

  const std::string &bytes() const { return bytes_; }
  void cut(size_t size) { bytes_.resize(size); }

 private:
  static void put(char *block, size_t offset, size_t size, std::string_view value) {
    memcpy(block + offset, value.data(), std::min(size, value.size()));
  }

  std::string bytes_;
};

// A stream that gives at most `step` bytes at a time, as pipes may.
struct MemoryStream {
  std::string_view rest;
  size_t step = 1000;

  static ssize_t read(void *context, char *buffer, size_t size) {
    auto *stream = static_cast<MemoryStream *>(context);
    const size_t count = std::min({size, stream->step, stream->rest.size()});
    memcpy(buffer, stream->rest.data(), count);
    stream->rest.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
};

}  // namespace sampan
