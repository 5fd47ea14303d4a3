// SPDX-License-Identifier: Apache-2.0
// zlib and OpenSSL as the node executable brings them for addons. Declared here, because not every distribution ships
// their headers with Node's; weak, because a Node may be built without one of them: ask before use.
#pragma once

#include <cstddef>

extern "C" {

// zlib.h, z_stream: inflateInit2_ is told its size and refuses another layout.
struct sampan_z_stream {
  const unsigned char *next_in;
  unsigned avail_in;
  unsigned long total_in;
  unsigned char *next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char *msg;
  void *state;
  void *(*zalloc)(void *, unsigned, unsigned);
  void (*zfree)(void *, void *);
  void *opaque;
  int data_type;
  unsigned long adler;
  unsigned long reserved;
};

__attribute__((weak)) int inflateInit2_(sampan_z_stream *stream, int window_bits, const char *version, int stream_size);
__attribute__((weak)) int inflate(sampan_z_stream *stream, int flush);
__attribute__((weak)) int inflateReset(sampan_z_stream *stream);
__attribute__((weak)) int inflateEnd(sampan_z_stream *stream);

struct sampan_evp_md_ctx;
struct sampan_evp_md;
__attribute__((weak)) sampan_evp_md_ctx *EVP_MD_CTX_new();
__attribute__((weak)) void EVP_MD_CTX_free(sampan_evp_md_ctx *context);
__attribute__((weak)) const sampan_evp_md *EVP_sha256();
__attribute__((weak)) int EVP_DigestInit_ex(sampan_evp_md_ctx *context, const sampan_evp_md *type, void *engine);
__attribute__((weak)) int EVP_DigestUpdate(sampan_evp_md_ctx *context, const void *data, size_t size);
__attribute__((weak)) int EVP_DigestFinal_ex(sampan_evp_md_ctx *context, unsigned char *digest, unsigned *size);

}  // extern "C"

namespace sampan::binding {

inline bool has_node_libraries() {
  return inflateInit2_ != nullptr && inflate != nullptr && inflateReset != nullptr && inflateEnd != nullptr &&
         EVP_MD_CTX_new != nullptr && EVP_MD_CTX_free != nullptr && EVP_sha256 != nullptr &&
         EVP_DigestInit_ex != nullptr && EVP_DigestUpdate != nullptr && EVP_DigestFinal_ex != nullptr;
}

}  // namespace sampan::binding
