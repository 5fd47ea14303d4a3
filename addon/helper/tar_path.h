// SPDX-License-Identifier: Apache-2.0
// Names of an archive made safe: relative to the root of the layer, without empty, "." and ".." components. ".." is
// taken away by its text and cannot lead above the root, as docker does it.
#pragma once

#include <string>
#include <string_view>

namespace sampan {

// "" is the root itself.
std::string clean_tar_path(std::string_view path);

// Whether ".." leads above the root on the way, as in "../a" and "a/../../b"; clean_tar_path() would end at the root.
bool leaves_root(std::string_view path);

// "a/b/c" -> "a/b" and "c"; "c" -> "" and "c".
std::string_view parent_of(std::string_view path);
std::string_view name_of(std::string_view path);

// Takes the first component off `rest`.
std::string_view take_component(std::string_view &rest);

}  // namespace sampan
