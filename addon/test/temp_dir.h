// SPDX-License-Identifier: Apache-2.0
// A directory for one test, removed with its files (it has no subdirectories) when the test ends.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "addon/sys/unique_fd.h"

namespace sampan {

class TempDir {
 public:
  TempDir() {
    const char *base = getenv("TMPDIR");
    path_ = std::string(base == nullptr ? "/tmp" : base) + "/sampan-test-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) abort();
    fd_.reset(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  TempDir(const TempDir &) = delete;
  TempDir &operator=(const TempDir &) = delete;
  ~TempDir() {
    for (const std::string &name : names()) unlinkat(fd(), name.c_str(), 0);
    rmdir(path_.c_str());
  }

  int fd() const { return fd_.get(); }
  const std::string &path() const { return path_; }
  size_t count() const { return names().size(); }
  bool exists(const char *name) const { return faccessat(fd(), name, F_OK, AT_SYMLINK_NOFOLLOW) == 0; }
  ino_t inode(const char *name) const { return status(name).st_ino; }
  unsigned mode(const char *name) const { return status(name).st_mode & 07777U; }

  std::string read(const char *name) const {
    unique_fd file(openat(fd(), name, O_RDONLY | O_CLOEXEC));
    std::string text;
    char buffer[4096];
    for (ssize_t size; (size = ::read(file.get(), buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<size_t>(size));
    }
    return text;
  }

  void write(const char *name, const std::string &text) const {
    unique_fd file(openat(fd(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) abort();
  }

 private:
  struct stat status(const char *name) const {
    struct stat result = {};
    fstatat(fd(), name, &result, AT_SYMLINK_NOFOLLOW);
    return result;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    DIR *directory = opendir(path_.c_str());
    if (directory == nullptr) return result;
    while (const struct dirent *item = readdir(directory)) {
      const std::string name = item->d_name;
      if (name != "." && name != "..") result.push_back(name);
    }
    closedir(directory);
    return result;
  }

  std::string path_;
  unique_fd fd_;
};

}  // namespace sampan
