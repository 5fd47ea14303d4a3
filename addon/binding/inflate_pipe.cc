// SPDX-License-Identifier: Apache-2.0

#include "addon/binding/inflate_pipe.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

namespace sampan::binding {
namespace {

constexpr size_t kBufferSize = 256 * 1024;
// zlib.h
constexpr int kOk = 0;
constexpr int kStreamEnd = 1;
constexpr int kBufError = -5;
constexpr int kNoFlush = 0;
// 15 bits of window; 16: a gzip header
constexpr int kGzipWindow = 15 + 16;
// zlib compares the first character only: the interface has not changed since 1.0
constexpr const char *kVersion = "1.2.11";

Error damaged(const char *what) { return Error{EBADMSG, "inflate", what == nullptr ? "" : what}; }

}  // namespace

InflatePipe::~InflatePipe() {
  if (is_open_) inflateEnd(&stream_);
}

bool InflatePipe::open() {
  if (!has_node_libraries()) return false;
  hash_.reset(EVP_MD_CTX_new());
  if (hash_ == nullptr || EVP_DigestInit_ex(hash_.get(), EVP_sha256(), nullptr) != 1) return false;
  is_open_ = inflateInit2_(&stream_, kGzipWindow, kVersion, static_cast<int>(sizeof stream_)) == kOk;
  if (is_open_) buffer_.resize(kBufferSize);
  return is_open_;
}

Status InflatePipe::push(std::span<const std::byte> compressed) {
  while (!compressed.empty()) {
    const size_t size = std::min<size_t>(compressed.size(), UINT_MAX);
    stream_.next_in = reinterpret_cast<const unsigned char *>(compressed.data());
    stream_.avail_in = static_cast<unsigned>(size);
    if (Status done = inflate_all(); !done) return done;
    compressed = compressed.subspan(size);
  }
  return {};
}

Status InflatePipe::inflate_all() {
  for (;;) {
    if (between_members_ && !begin_member()) return {};
    stream_.next_out = buffer_.data();
    stream_.avail_out = static_cast<unsigned>(buffer_.size());
    const int outcome = inflate(&stream_, kNoFlush);
    if (outcome != kOk && outcome != kStreamEnd && outcome != kBufError) return damaged(stream_.msg);
    if (Status taken = take_output(); !taken) return taken;
    between_members_ = outcome == kStreamEnd;
    const bool was_full = stream_.avail_out == 0;
    if (stream_.avail_in == 0 && !was_full) return {};
  }
}

bool InflatePipe::begin_member() {
  while (stream_.avail_in > 0 && *stream_.next_in == 0) {
    ++stream_.next_in;
    --stream_.avail_in;
  }
  if (stream_.avail_in == 0) return false;
  between_members_ = false;
  return inflateReset(&stream_) == kOk;
}

Status InflatePipe::take_output() {
  const std::span<const unsigned char> plain(buffer_.data(), buffer_.size() - stream_.avail_out);
  if (plain.empty()) return {};
  EVP_DigestUpdate(hash_.get(), plain.data(), plain.size());
  return write_all(plain);
}

Status InflatePipe::write_all(std::span<const unsigned char> data) {
  while (output_ && !data.empty()) {
    const ssize_t written = write(output_.get(), data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) {
      output_.reset();
      return {};
    }
    if (written < 0) return last_error("write");
    data = data.subspan(static_cast<size_t>(written));
  }
  return {};
}

Result<std::string> InflatePipe::finish() {
  if (!between_members_) return damaged("unexpected end of file");
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(hash_.get(), digest.data(), &size) != 1 || size != digest.size())
    return Error{EINVAL, "sha256"};
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace sampan::binding
