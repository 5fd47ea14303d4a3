// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/tar_path.h"

namespace sampan {

std::string_view take_component(std::string_view &rest) {
  const size_t slash = rest.find('/');
  const std::string_view component = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return component;
}

std::string_view parent_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string clean_tar_path(std::string_view path) {
  std::string clean;
  clean.reserve(path.size());
  while (!path.empty()) {
    const std::string_view component = take_component(path);
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      clean.resize(parent_of(clean).size());
      continue;
    }
    if (!clean.empty()) clean += '/';
    clean += component;
  }
  return clean;
}

bool leaves_root(std::string_view path) {
  long depth = 0;
  while (!path.empty()) {
    const std::string_view component = take_component(path);
    if (component.empty() || component == ".") continue;
    depth += component == ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

}  // namespace sampan
