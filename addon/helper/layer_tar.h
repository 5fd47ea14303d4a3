// SPDX-License-Identifier: Apache-2.0
// The changes of a container as an OCI layer (image-spec 1.1, layer.md): what was added and changed as it is, deletions
// as files named .wh.NAME, directories that hide what is below them with .wh..wh..opq inside.
#pragma once

#include <string>

#include "addon/helper/layer_changes.h"
#include "addon/helper/tree_node.h"

namespace sampan {

class LayerTar : public ChangeSink {
 public:
  explicit LayerTar(TreeNodeWriter &nodes) : nodes_(nodes) {}

  Status file(int directory, const char *name, const std::string &path, ChangeKind kind) override;
  Status directory(int fd, const std::string &path, ChangeKind kind) override;
  Status deleted(const std::string &path) override;
  Status opaque(const std::string &path) override;

 private:
  TreeNodeWriter &nodes_;
  std::string opaque_;  // of the last opaque directory, with a slash
};

// The changes as text: kind, slash, path, NUL.
class ChangeList : public ChangeSink {
 public:
  explicit ChangeList(int output) : output_(output) {}

  Status file(int, const char *, const std::string &path, ChangeKind kind) override { return add(path, kind); }
  Status directory(int, const std::string &path, ChangeKind kind) override { return add(path, kind); }
  Status deleted(const std::string &path) override { return add(path, ChangeKind::deleted); }
  Status opaque(const std::string &) override { return {}; }
  Status finish();
  uint64_t count() const { return count_; }

 private:
  Status add(const std::string &path, ChangeKind kind);

  int output_;
  uint64_t count_ = 0;
  std::string text_;
};

}  // namespace sampan
