// SPDX-License-Identifier: Apache-2.0
// The lookup goes on after "not here" and "not for you", and stops at anything else.
#include "addon/helper/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace sampan {

namespace {

constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// execve(2) has the same errno for a file and for the interpreter that the file names.
bool is_there(const std::string &path) { return ::faccessat(AT_FDCWD, path.c_str(), F_OK, 0) == 0; }

bool goes_on_after(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case ESTALE:
    case ENODEV:
    case ETIMEDOUT:
    case ELOOP:
    case ENAMETOOLONG:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view environment_value(char *const env[], std::string_view name, std::string_view fallback) {
  for (; *env != nullptr; ++env) {
    const std::string_view entry(*env);
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return entry.substr(name.size() + 1);
    }
  }
  return fallback;
}

std::vector<std::string> candidates(std::string_view name, std::string_view path) {
  if (name.find('/') != std::string_view::npos) return {std::string(name)};
  std::vector<std::string> files;
  for (;;) {
    const size_t end = std::min(path.find(':'), path.size());
    std::string file(path.substr(0, end));
    if (!file.empty() && file.back() != '/') file += '/';
    files.push_back(file.append(name));
    if (end == path.size()) return files;
    path.remove_prefix(end + 1);
  }
}

Error execute(char *const argv[], char *const env[], ExecFunction exec) {
  const std::string name = argv[0] == nullptr ? "" : argv[0];
  Error error{ENOENT, "execve", name};
  if (name.empty()) return error;
  for (const auto &file : candidates(name, environment_value(env, "PATH", kDefaultPath))) {
    exec(file.c_str(), argv, env);
    const int number = errno;
    if (!goes_on_after(number)) {
      error.number = number;
      error.detail = file;
      return error;
    }
    if (number == EACCES) {
      error.number = EACCES;
      error.detail = file;
    } else if (error.number == ENOENT && number == ENOENT && is_there(file)) {
      error.detail = file + ": its interpreter does not exist";
    }
  }
  return error;
}

}  // namespace sampan
