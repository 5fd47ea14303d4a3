// SPDX-License-Identifier: Apache-2.0
// deny [SYSCALL...] -- COMMAND: runs a command on a kernel that lacks these system calls (ENOSYS, as an old kernel or a
// container's seccomp profile answers). A user needs no_new_privs for that, and so has a process without set-uid
// programs too; root has neither.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

std::vector<sock_filter> filter_of(char **numbers, char **end) {
  std::vector<sock_filter> filter;
  filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (; numbers != end; ++numbers) {
    const auto number = static_cast<unsigned>(std::atoi(*numbers));
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return filter;
}

}  // namespace

int main(int argc, char **argv) {
  int separator = 1;
  while (separator < argc && std::strcmp(argv[separator], "--") != 0) ++separator;
  if (separator + 1 >= argc) return 2;
  auto filter = filter_of(argv + 1, argv + separator);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::geteuid() != 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 3;
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::perror("deny: seccomp");
    return 4;
  }
  ::execvp(argv[separator + 1], argv + separator + 1);
  std::perror("deny: execvp");
  return 5;
}
