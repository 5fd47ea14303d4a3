// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_unpack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addon/helper/tar_path.h"
#include "addon/helper/tar_subject.h"
#include "addon/helper/tar_whiteout.h"
#include "addon/helper/tree_remove.h"

namespace sampan {
namespace {

// open(2) and mkdir(2) give exactly the modes of the archive.
class ClearUmask {
 public:
  ClearUmask() : saved_(umask(0)) {}
  ~ClearUmask() { umask(saved_); }
  ClearUmask(const ClearUmask &) = delete;
  ClearUmask &operator=(const ClearUmask &) = delete;

 private:
  mode_t saved_;
};

}  // namespace

UnpackCounts TarUnpacker::counts() const {
  UnpackCounts counts = counts_;
  counts.inodes += root_.directories_made();
  return counts;
}

std::optional<TreeUsage> TarUnpacker::usage() {
  std::string_view rest = tally_.waiting();
  while (!rest.empty() && tally_.usage()) {
    const std::string_view path = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(path.size() + 1);
    if (!count_waiting(path)) tally_.forget();
  }
  return tally_.usage();
}

bool TarUnpacker::count_waiting(std::string_view path) {
  const Result<unique_fd> parent = root_.find_directory(parent_of(path));
  struct stat status = {};
  const std::string name(name_of(path));
  if (!parent || fstatat(parent.value().get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return false;
  tally_.made_before(status);
  return true;
}

Status TarUnpacker::run() {
  const ClearUmask clear_umask;
  if (!options_.into_existing) tally_.start_counting(root_.fd());
  TarEntry entry;
  for (;;) {
    const Result<bool> found = reader_.next(entry);
    if (!found) return found.error();
    if (!found.value()) break;
    ++counts_.entries;
    Status unpacked = unpack(entry);
    if (unpacked) continue;
    if (reading_failed_) return unpacked;
    Error error = unpacked.error();
    error.subject = clip_path(entry.path) + (error.subject.empty() ? "" : ": " + error.subject);
    return error;
  }
  if (auto settled = root_.settle(); !settled) return settled;
  return reader_.drain();
}

Status TarUnpacker::unpack(const TarEntry &entry) {
  // What no tool writes by mistake: docker refuses it, too.
  if (leaves_root(entry.path))
    return Error{EBADMSG, "read tar", clip_path(entry.path) + ": the name leads out of the layer"};
  std::string path = clean_tar_path(entry.path);
  if (path.empty()) return unpack_root(entry);
  if (!options_.plain_rootfs) {
    const Whiteout whiteout = parse_whiteout(path);
    switch (whiteout.kind) {
      case WhiteoutKind::hide_name:
        return hide_name(path, whiteout.hidden);
      case WhiteoutKind::opaque:
        return hide_lower_content(path);
      case WhiteoutKind::ignored:
        return {};
      case WhiteoutKind::none:
        break;
    }
  }
  if (entry.type == TarType::device) return skip_device(std::move(path));
  const Result<int> parent = root_.make_directory(parent_of(path));
  if (!parent) return parent.error();
  return unpack_at({parent.value(), std::string(name_of(path))}, path, entry);
}

Status TarUnpacker::unpack_at(const Place &place, const std::string &path, const TarEntry &entry) {
  if (auto fits = check_kind(place, entry.type); !fits) return fits;
  switch (entry.type) {
    case TarType::file:
      return unpack_file(place, path, entry);
    case TarType::directory:
      return unpack_directory(place, path, entry);
    case TarType::symlink:
      return unpack_symlink(place, entry);
    case TarType::hard_link:
      return unpack_hard_link(place, path, entry);
    case TarType::fifo:
      return unpack_fifo(place, entry);
    case TarType::device:
      break;
  }
  return {};
}

Status TarUnpacker::check_kind(const Place &place, TarType type) const {
  struct stat status = {};
  if (!options_.into_existing || fstatat(place.parent, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return {};
  if (S_ISDIR(status.st_mode) == (type == TarType::directory)) return {};
  return Error{S_ISDIR(status.st_mode) ? EISDIR : ENOTDIR, "unpack"};
}

Status TarUnpacker::unpack_root(const TarEntry &entry) {
  if (entry.type != TarType::directory) return Error{EINVAL, "unpack", "only a directory can be the root of a layer"};
  return finish_directory(root_.fd(), entry);
}

Status TarUnpacker::remove_at(const Place &place) {
  tally_.forget();
  return remove_tree_at(place.parent, place.name.c_str());
}

Status TarUnpacker::unpack_file(const Place &place, const std::string &path, const TarEntry &entry) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  // setuid and setgid come last: write(2) would take them away.
  const mode_t mode = entry.mode & 0777;
  unique_fd file(openat(place.parent, place.name.c_str(), kFlags, mode));
  if (!file && errno == EEXIST) {
    Status removed = remove_at(place);
    if (!removed) return removed;
    file.reset(openat(place.parent, place.name.c_str(), kFlags, mode));
  }
  if (!file) return last_error("openat");
  ++counts_.inodes;
  Status written = write_data(file.get(), entry);
  if (!written) return written;
  const Result<struct stat> status = set_metadata(file.get(), entry, options_.metadata, counts_.xattrs_skipped);
  if (!status) return status.error();
  tally_.made(status.value(), path);
  return {};
}

Status TarUnpacker::write_data(int file, const TarEntry &entry) {
  uint64_t end = 0;
  for (;;) {
    const Result<TarChunk> chunk = reader_.read_chunk();
    reading_failed_ = !chunk;
    if (!chunk) return chunk.error();
    std::string_view data = chunk.value().data;
    if (data.empty()) break;
    end = chunk.value().offset;
    while (!data.empty()) {
      const ssize_t written = pwrite(file, data.data(), data.size(), static_cast<off_t>(end));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return last_error("pwrite");
      end += static_cast<size_t>(written);
      data.remove_prefix(static_cast<size_t>(written));
      counts_.bytes += static_cast<size_t>(written);
    }
  }
  // A hole at the end of a sparse file.
  if (end != entry.size && ftruncate(file, static_cast<off_t>(entry.size)) < 0) return last_error("ftruncate");
  return {};
}

Status TarUnpacker::unpack_directory(const Place &place, const std::string &path, const TarEntry &entry) {
  const char *name = place.name.c_str();
  const mode_t mode = entry.mode & 0777;
  bool opaque = false;
  bool made = mkdirat(place.parent, name, mode) == 0;
  if (!made && errno == EEXIST) {
    struct stat status = {};
    if (fstatat(place.parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return last_error("fstatat");
    if (!S_ISDIR(status.st_mode)) {
      opaque = is_overlay_whiteout(status);
      tally_.forget();
      if (unlinkat(place.parent, name, 0) < 0) return last_error("unlinkat");
      made = mkdirat(place.parent, name, mode) == 0;
      if (!made) return last_error("mkdirat");
    }
  } else if (!made) {
    return last_error("mkdirat");
  }
  if (made) ++counts_.inodes;
  unique_fd directory(openat(place.parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return last_error("openat");
  Status marked = opaque ? mark_opaque(directory.get()) : Status();
  if (!marked) return marked;
  if (auto finished = finish_directory(directory.get(), entry); !finished) return finished;
  return root_.remember(path, std::move(directory));
}

Status TarUnpacker::finish_directory(int directory, const TarEntry &entry) {
  const Result<struct stat> status = set_metadata(directory, entry, options_.metadata, counts_.xattrs_skipped);
  if (!status) return status.error();
  tally_.directory(status.value(), entry.mtime);
  return {};
}

Status TarUnpacker::unpack_symlink(const Place &place, const TarEntry &entry) {
  const char *name = place.name.c_str();
  int result = symlinkat(entry.link.c_str(), place.parent, name);
  if (result < 0 && errno == EEXIST) {
    Status removed = remove_at(place);
    if (!removed) return removed;
    result = symlinkat(entry.link.c_str(), place.parent, name);
  }
  if (result < 0) return last_error("symlinkat");
  return finish_at(place, entry);
}

Status TarUnpacker::unpack_fifo(const Place &place, const TarEntry &entry) {
  const char *name = place.name.c_str();
  int result = mkfifoat(place.parent, name, entry.mode & 0777);
  if (result < 0 && errno == EEXIST) {
    Status removed = remove_at(place);
    if (!removed) return removed;
    result = mkfifoat(place.parent, name, entry.mode & 0777);
  }
  if (result < 0) return last_error("mkfifoat");
  return finish_at(place, entry);
}

Status TarUnpacker::finish_at(const Place &place, const TarEntry &entry) {
  ++counts_.inodes;
  const char *name = place.name.c_str();
  const auto status = set_metadata_at(place.parent, name, entry, options_.metadata, counts_.xattrs_skipped);
  if (!status) return status.error();
  tally_.made(status.value(), {});
  return {};
}

Status TarUnpacker::unpack_hard_link(const Place &place, const std::string &path, const TarEntry &entry) {
  const std::string target = clean_tar_path(entry.link);
  if (skipped_devices_.contains(target)) return skip_device(path);
  const Result<unique_fd> target_parent = root_.find_directory(parent_of(target));
  Status linked = target_parent ? link_to(target_parent.value().get(), std::string(name_of(target)), place)
                                : Status(target_parent.error());
  if (linked) return {};
  Error error = linked.error();
  error.subject = "hard link to " + clip_path(entry.link);
  return error;
}

Status TarUnpacker::link_to(int target_parent, const std::string &target, const Place &place) {
  struct stat status = {};
  if (fstatat(target_parent, target.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return last_error("fstatat");
  if (is_overlay_whiteout(status)) return Error{ENOENT, "fstatat"};
  if (S_ISDIR(status.st_mode)) return Error{EPERM, "linkat"};
  if (linkat(target_parent, target.c_str(), place.parent, place.name.c_str(), 0) == 0) return {};
  if (errno != EEXIST) return last_error("linkat");
  struct stat existing = {};
  if (fstatat(place.parent, place.name.c_str(), &existing, AT_SYMLINK_NOFOLLOW) < 0) return last_error("fstatat");
  // Also the case of a link to itself, whose removal would lose the file.
  if (existing.st_dev == status.st_dev && existing.st_ino == status.st_ino) return {};
  Status removed = remove_at(place);
  if (!removed) return removed;
  if (linkat(target_parent, target.c_str(), place.parent, place.name.c_str(), 0) < 0) return last_error("linkat");
  return {};
}

}  // namespace sampan
