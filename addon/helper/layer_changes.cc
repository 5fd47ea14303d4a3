// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/layer_changes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "addon/helper/tar_whiteout.h"

namespace sampan {
namespace {

constexpr const char *kOpaqueAttribute = "user.overlay.opaque";
constexpr const char *kWhiteoutAttribute = "user.overlay.whiteout";
constexpr mode_t kModeBits = 07777;

// 'y': hides what is below. 'x': its whiteouts are files with an attribute.
char opaque_mark(int directory) {
  char value = 0;
  return fgetxattr(directory, kOpaqueAttribute, &value, 1) == 1 ? value : '\0';
}

bool same_attributes(const struct stat &upper, const struct stat &lower) {
  return (upper.st_mode & kModeBits) == (lower.st_mode & kModeBits) && upper.st_uid == lower.st_uid &&
         upper.st_gid == lower.st_gid;
}

unique_fd copy_of(int fd) { return unique_fd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

// Sorted.
Result<std::vector<std::string>> names_in(int directory) {
  std::vector<std::string> names;
  const int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd < 0 ? nullptr : fdopendir(fd);
  if (stream == nullptr) return last_error("opendir");
  errno = 0;
  while (const struct dirent *item = readdir(stream)) {
    const std::string_view name = item->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int failure = errno;
  closedir(stream);
  if (failure != 0) return Error{failure, "readdir"};
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

LayerChanges::LayerChanges(int lower, const std::vector<std::string> &ignored, ChangeSink &sink)
    : lower_(lower), ignored_(ignored.begin(), ignored.end()), sink_(sink), path_("") {}

void LayerChanges::entering(const char *name) {
  path_.push(name);
  next_ = name;
}

Status LayerChanges::enter(int fd) {
  Level level;
  struct stat upper = {};
  if (fstat(fd, &upper) < 0) return last_error("fstat");
  const char mark = opaque_mark(fd);
  level.marks_by_attribute = mark == 'x';
  level.upper = copy_of(fd);
  if (!level.upper) return last_error("fcntl");
  if (levels_.empty()) {
    if (lower_ >= 0) level.lower.reset(openat(lower_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    level.merged = true;
    level.reported = true;  // the root itself is no change
    levels_.push_back(std::move(level));
    return {};
  }
  const Level &parent = levels_.back();
  const bool existed = is_below(next_.c_str());
  if (existed) {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    level.lower.reset(openat(parent.lower.get(), next_.c_str(), kFlags));
  }
  level.kind = existed ? ChangeKind::changed : ChangeKind::added;
  level.merged = level.lower && parent.merged && mark != 'y';
  struct stat lower = {};
  const bool unchanged = level.lower && fstat(level.lower.get(), &lower) == 0 && same_attributes(upper, lower);
  const bool hides = level.lower && parent.merged && mark == 'y';
  levels_.push_back(std::move(level));
  if ((!unchanged || hides) && !ignored_.contains(path_.path())) {
    if (auto reported = report_parents(); !reported) return reported;
  }
  const Level &current = levels_.back();
  if (hides) {
    if (auto told = sink_.opaque(path_.path()); !told) return told;
  }
  return current.lower && !current.merged ? report_hidden(current, fd) : Status();
}

Status LayerChanges::leave(int, const char *) {
  levels_.pop_back();
  path_.pop();
  return {};
}

Status LayerChanges::visit(int directory, const char *name, ino_t) {
  struct stat status = {};
  if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
    return errno == ENOENT ? Status() : Status(last_error("fstatat"));
  }
  if (is_mark(directory, name, status)) return levels_.back().merged ? delete_name(name) : Status();
  if (S_ISREG(status.st_mode) && status.st_size == 0 && ignored_.contains(path_.of(name))) return {};
  if (auto reported = report_parents(); !reported) return reported;
  return sink_.file(directory, name, path_.of(name), is_below(name) ? ChangeKind::changed : ChangeKind::added);
}

Status LayerChanges::delete_name(const char *name) {
  if (!is_below(name)) return {};
  if (auto reported = report_parents(); !reported) return reported;
  return sink_.deleted(path_.of(name));
}

// From the top down, each once.
Status LayerChanges::report_parents() {
  std::string_view path = path_.path();
  size_t end = 0;
  for (size_t index = 1; index < levels_.size(); ++index) {
    end = index + 1 == levels_.size() ? path.size() : path.find('/', end);
    Level &level = levels_[index];
    if (!level.reported) {
      level.reported = true;
      const unique_fd upper = std::move(level.upper);
      auto told = sink_.directory(upper.get(), std::string(path.substr(0, end)), level.kind);
      if (!told) return told;
    }
    ++end;
  }
  return {};
}

// What an opaque directory (or one that lies in such a one) takes away without naming it.
Status LayerChanges::report_hidden(const Level &level, int upper) {
  const auto names = names_in(level.lower.get());
  if (!names) return names.error();
  for (const std::string &name : names.value()) {
    struct stat status = {};
    if (fstatat(upper, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && !is_mark(upper, name.c_str(), status))
      continue;
    if (auto told = delete_name(name.c_str()); !told) return told;
  }
  return {};
}

bool LayerChanges::is_below(const char *name) const {
  const Level &level = levels_.back();
  struct stat status = {};
  return level.lower && fstatat(level.lower.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         !is_overlay_whiteout(status);
}

bool LayerChanges::is_mark(int directory, const char *name, const struct stat &status) const {
  if (is_overlay_whiteout(status)) return true;
  if (!levels_.back().marks_by_attribute || !S_ISREG(status.st_mode) || status.st_size != 0) return false;
  const unique_fd file(openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  return file && fgetxattr(file.get(), kWhiteoutAttribute, nullptr, 0) >= 0;
}

}  // namespace sampan
