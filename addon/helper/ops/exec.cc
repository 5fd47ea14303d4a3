// SPDX-License-Identifier: Apache-2.0
// exec: the last operation; the helper ends and the container's command begins.
#include <unistd.h>

#include <string>
#include <vector>

#include "addon/helper/link.h"
#include "addon/helper/ops/ops.h"
#include "addon/helper/program.h"
#include "addon/sys/signals.h"

namespace sampan {

namespace {

// execve(2) wants pointers to char that it does not write through.
std::vector<char *> to_pointers(const StringList &list) {
  std::vector<char *> pointers;
  pointers.reserve(list.size() + 2);  // HOME and the end
  for (const char *string : list) pointers.push_back(const_cast<char *>(string));
  return pointers;
}

// An empty HOME counts as none, as in docker.
void set_home(std::vector<char *> &env, char *home) {
  for (char *&entry : env) {
    const std::string_view text(entry);
    if (!text.starts_with("HOME=")) continue;
    if (text == "HOME=") entry = home;
    return;
  }
  env.push_back(home);
}

}  // namespace

// #syscalls: execve faccessat rt_sigaction rt_sigprocmask
Status op_exec(InitContext &context, const exec_args &args) {
  if (args.argv.empty()) return Error{ENOENT, "execve", ""};
  std::vector<char *> argv = to_pointers(args.argv);
  argv.push_back(nullptr);
  std::vector<char *> env = to_pointers(args.env);
  std::string home = "HOME=" + context.home;
  set_home(env, home.data());
  env.push_back(nullptr);
  sys::reset_signals();
  return execute(argv.data(), env.data(), ::execve);
}

}  // namespace sampan
