// SPDX-License-Identifier: Apache-2.0
// execve with a lookup in PATH, as execvp(3) does it, but with an errno that tells why nothing was executed: 127 and
// 126 of a container depend on it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "addon/sys/result.h"

namespace sampan {

using ExecFunction = int (*)(const char *path, char *const argv[], char *const env[]);

// Returns only on failure. ENOENT: nothing of that name, or (said in the detail) a script or program whose interpreter
// does not exist; EACCES: found but not executable, or a directory; ENOEXEC: not a program, and not given to a shell.
Error execute(char *const argv[], char *const env[], ExecFunction exec);

// The files that are tried for a name, in order. A name with a slash stands for itself, an empty entry of PATH for the
// current directory.
std::vector<std::string> candidates(std::string_view name, std::string_view path);

// Value of a variable in an environment; absent: the fallback.
std::string_view environment_value(char *const env[], std::string_view name, std::string_view fallback);

}  // namespace sampan
