// SPDX-License-Identifier: Apache-2.0
// Packs directories into memory, for tests.
#pragma once

#include <string>
#include <vector>

#include "addon/helper/layer_tar.h"
#include "addon/helper/tar_pack.h"
#include "addon/test/read_archive.h"
#include "addon/test/tree_dir.h"

namespace sampan {

inline ssize_t append_bytes(void *context, const char *bytes, size_t size) {
  static_cast<std::string *>(context)->append(bytes, size);
  return static_cast<ssize_t>(size);
}

struct Packed {
  int error = 0;
  std::string subject;
  std::string bytes;
  PackCounts counts;
};

inline unique_fd open_directory_at(int directory, const char *name) {
  return unique_fd(openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

inline Packed pack_directory(int directory, const std::string &top = "", const PackOptions &options = {}) {
  Packed packed;
  TarWriter tar(append_bytes, &packed.bytes);
  TreeNodeWriter nodes(tar, options);
  TreePacker packer(nodes, top);
  const Status walked = TreeWalk(packer, TreeOrder::by_name).run(open_directory_at(directory, "."));
  packed.error = walked ? 0 : walked.error().number;
  packed.subject = walked ? "" : walked.error().subject;
  if (!tar.finish()) abort();
  packed.counts = nodes.counts();
  return packed;
}

// `lower` -1: nothing is below.
inline Packed pack_changes(int upper, int lower, const std::vector<std::string> &ignored = {}) {
  Packed packed;
  TarWriter tar(append_bytes, &packed.bytes);
  TreeNodeWriter nodes(tar, {});
  LayerTar layer(nodes);
  LayerChanges changes(lower, ignored, layer);
  const Status walked = TreeWalk(changes, TreeOrder::by_name).run(open_directory_at(upper, "."));
  packed.error = walked ? 0 : walked.error().number;
  packed.subject = walked ? "" : walked.error().subject;
  if (!tar.finish()) abort();
  packed.counts = nodes.counts();
  return packed;
}

// "A/path C/path ...", in the order of the walk.
inline std::string list_changes(int upper, int lower, const std::vector<std::string> &ignored = {}) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) abort();
  const unique_fd from(ends[0]);
  {
    const unique_fd to(ends[1]);
    ChangeList list(to.get());
    LayerChanges changes(lower, ignored, list);
    if (!TreeWalk(changes, TreeOrder::by_name).run(open_directory_at(upper, "."))) abort();
    if (!list.finish()) abort();
  }
  std::string text = sys::read_all(from.get(), size_t{1} << 16U, "pipe").value();
  for (char &c : text) c = c == '\0' ? ' ' : c;
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace sampan
