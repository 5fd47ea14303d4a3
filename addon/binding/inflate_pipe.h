// SPDX-License-Identifier: Apache-2.0
// gzip data in, plain data out into a pipe, and the sha256 of the plain data. Runs on a thread of the pool: knows
// nothing of JavaScript, and is used by one thread at a time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "addon/binding/node_libraries.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::binding {

class InflatePipe {
 public:
  // Takes the write end. A reader that has left is no error: the rest is still decompressed, because its digest counts.
  explicit InflatePipe(unique_fd output) : output_(std::move(output)) {}
  ~InflatePipe();
  InflatePipe(const InflatePipe &) = delete;
  InflatePipe &operator=(const InflatePipe &) = delete;

  // False when zlib or OpenSSL cannot be used.
  bool open();
  // Blocks while the pipe is full. EBADMSG with zlib's words when the data is damaged.
  Status push(std::span<const std::byte> compressed);
  // The digest as hex; EBADMSG when the data ends in the middle.
  Result<std::string> finish();
  // The reader sees the end.
  void close() { output_.reset(); }

 private:
  Status inflate_all();
  Status take_output();
  Status write_all(std::span<const unsigned char> data);
  // Between two members there may be zeros, and behind the last one (gzip(1) does the same).
  bool begin_member();

  struct ContextDeleter {
    void operator()(sampan_evp_md_ctx *context) const { EVP_MD_CTX_free(context); }
  };

  unique_fd output_;
  sampan_z_stream stream_{};
  bool is_open_ = false;
  bool between_members_ = false;
  std::vector<unsigned char> buffer_;
  std::unique_ptr<sampan_evp_md_ctx, ContextDeleter> hash_;
};

}  // namespace sampan::binding
