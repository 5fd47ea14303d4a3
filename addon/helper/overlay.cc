// SPDX-License-Identifier: Apache-2.0
// How this works: fsopen(2) with one lowerdir+ per layer (Linux 6.5) needs no escaping and gives the kernel's own
// message on failure. Older kernels take all layers as one lowerdir string, which mount(2) limits to a page together
// with everything else. A path that does not fit either form (too long, or with a character that overlayfs takes as a
// separator) is given as /proc/self/fd/N of a descriptor opened for it; so is every layer when the page is too short.
// Always userxattr: in a user namespace overlayfs may not use trusted.* (Linux 5.11). index=off, because an index would
// bind the upper directory to one set of lower directories across boots.
#include "addon/helper/overlay.h"

#include <fcntl.h>
#include <limits.h>

#include <cstring>
#include <string>
#include <vector>

#include "addon/helper/mount_tree.h"

namespace sampan {

namespace {

constexpr size_t kMaxOption = 255;     // fsconfig(2): a string value has 256 bytes with its NUL
constexpr size_t kMaxPageData = 4095;  // mount(2): data is one page, the smallest page is 4096 bytes

// Directories by names that overlayfs understands; keeps the descriptors behind them open.
class Names {
 public:
  explicit Names(bool always_descriptors) : always_descriptors_(always_descriptors) {}

  Result<std::string> of(const char *path) {
    if (!always_descriptors_ && std::strlen(path) <= kMaxOption && std::strpbrk(path, "\\,:") == nullptr) {
      return std::string(path);
    }
    unique_fd directory(::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return last_error("open", path);
    std::string name = descriptor_path(directory.get());
    held_.push_back(std::move(directory));
    return name;
  }

 private:
  bool always_descriptors_;
  std::vector<unique_fd> held_;
};

Error with_subject(Error error, const char *subject) {
  error.subject = subject;
  return error;
}

// Without a tree: this kernel has no lowerdir+, or it did not like what it was told, which looks the same.
struct Attempt {
  unique_fd tree;
  std::string message;
};

Status configure(FileSystem &overlay, Names &names, const OverlayRequest &request) {
  if (auto set = overlay.set("source", "overlay"); !set) return set;
  if (request.upper != nullptr) {
    const auto upper = names.of(request.upper);
    if (!upper) return upper.error();
    if (auto set = overlay.set("upperdir", upper.value().c_str()); !set)
      return with_subject(set.error(), request.upper);
    const auto work = names.of(request.work == nullptr ? "" : request.work);
    if (!work) return work.error();
    if (auto set = overlay.set("workdir", work.value().c_str()); !set) return with_subject(set.error(), request.work);
    if ((request.flags & kOverlayVolatile) != 0) {
      if (auto set = overlay.set_flag("volatile"); !set) return set;
    }
  }
  if (auto set = overlay.set_flag("userxattr"); !set) return set;
  return overlay.set("index", "off");
}

Result<Attempt> try_layer_by_layer(const OverlayRequest &request, const char *subject) {
  auto opened = FileSystem::open("overlay");
  if (!opened) return opened.error();
  FileSystem &overlay = opened.value();
  Names names(false);
  bool first = true;
  for (const char *layer : request.lower) {
    const auto name = names.of(layer);
    if (!name) return name.error();
    const auto set = overlay.set("lowerdir+", name.value().c_str());
    // Before Linux 6.5 the context collects unknown options without looking at them, or refuses: neither is a layer.
    if (!set && first && set.error().number == EINVAL) return Attempt{.tree = {}, .message = set.error().detail};
    if (!set) return with_subject(set.error(), layer);
    first = false;
  }
  if (auto configured = configure(overlay, names, request); !configured) return configured.error();
  auto tree = overlay.mount(request.upper == nullptr ? sys::kMountAttrRdonly : 0);
  if (!tree) {
    // The collected "lowerdir+" is found out only here, as an unknown option.
    if (tree.error().number == EINVAL) return Attempt{.tree = {}, .message = tree.error().detail};
    return with_subject(tree.error(), subject);
  }
  return Attempt{.tree = tree.take(), .message = {}};
}

Result<std::string> page_data(Names &names, const OverlayRequest &request) {
  std::string data = "userxattr,index=off,lowerdir=";
  bool first = true;
  for (const char *layer : request.lower) {
    const auto name = names.of(layer);
    if (!name) return name.error();
    if (!first) data += ':';
    data += name.value();
    first = false;
  }
  if (request.upper == nullptr) return data;
  const auto upper = names.of(request.upper);
  if (!upper) return upper.error();
  const auto work = names.of(request.work == nullptr ? "" : request.work);
  if (!work) return work.error();
  data.append(",upperdir=").append(upper.value()).append(",workdir=").append(work.value());
  if ((request.flags & kOverlayVolatile) != 0) data += ",volatile";
  return data;
}

Result<unique_fd> mount_as_one(int target, const OverlayRequest &request, const char *subject) {
  Names plain(false);
  Names short_ones(true);
  auto data = page_data(plain, request);
  if (data && data.value().size() > kMaxPageData) data = page_data(short_ones, request);
  if (!data) return data.error();
  if (data.value().size() > kMaxPageData) return Error{E2BIG, "mount(overlay)", subject};
  const std::string on = descriptor_path(target);
  const unsigned long flags = request.upper == nullptr ? MS_RDONLY : 0;
  if (::mount("overlay", on.c_str(), "overlay", flags, data.value().c_str()) != 0) {
    return last_error("mount(overlay)", subject);
  }
  // The descriptor of the target still refers to what is now covered; its path leads to the mount.
  char path[PATH_MAX];
  const ssize_t size = ::readlink(on.c_str(), path, sizeof path - 1);
  if (size < 0) return last_error("readlink", subject);
  path[size] = '\0';
  unique_fd root(::open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root) return last_error("open", subject);
  return root;
}

}  // namespace

Result<unique_fd> mount_overlay_on(int target, const OverlayRequest &request, const char *subject) {
  auto attempt = try_layer_by_layer(request, subject);
  if (!attempt) return attempt.error();
  unique_fd tree = std::move(attempt.value().tree);
  if (!tree) {
    auto mounted = mount_as_one(target, request, subject);
    if (mounted) return mounted;
    Error error = mounted.error();
    if (error.detail.empty()) error.detail = std::move(attempt.value().message);
    return error;
  }
  if (auto attached = attach_tree(tree.get(), target, subject); !attached) return attached.error();
  return tree;
}

}  // namespace sampan
