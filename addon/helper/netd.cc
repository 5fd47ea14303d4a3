// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "addon/helper/descriptor_reserve.h"
#include "addon/helper/frame_io.h"
#include "addon/helper/id_map.h"
#include "addon/helper/netd_confine.h"
#include "addon/helper/netd_server.h"
#include "addon/helper/network_agent.h"
#include "addon/helper/start_failure.h"
#include "addon/sys/file.h"
#include "addon/sys/proc.h"

namespace sampan {

namespace {

constexpr int kFailed = 1;

// Whether the file is still the one of that name: who ends takes the name away before he lets the lock go.
bool is_linked(int directory, int file) {
  struct stat ours = {};
  struct stat there = {};
  if (::fstat(file, &ours) != 0 || ::fstatat(directory, kNetdLock, &there, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

// The lock goes with the process.
Result<unique_fd> lock(int directory) {
  for (;;) {
    unique_fd file(::openat(directory, kNetdLock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return last_error("open", kNetdLock);
    // fcntl(2) F_OFD_SETLK, Linux 3.15: the lock is the open file's, so that children and threads do not matter.
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(file.get(), F_OFD_SETLK, &whole) != 0) return Error{EAGAIN, "fcntl", kNetdLock};
    if (is_linked(directory, file.get())) return file;
  }
}

bool is_user_namespace(int fd) { return ::ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWUSER; }

// The user namespace right below ours that the given one is, or is in: that of the netd whose containers live on.
// Nothing when there is none.
unique_fd earlier_user_namespace(int fd) {
  if (!is_user_namespace(fd)) return {};
  unique_fd own(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
  unique_fd current(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  while (own && current) {
    // ioctl_nsfs(2); EPERM: beyond what we see.
    unique_fd parent(::ioctl(current.get(), NS_GET_PARENT));
    if (parent && sys::same_file(parent.get(), own.get())) return current;
    current = std::move(parent);
  }
  return {};
}

// A child that stays outside writes the maps: from the inside nobody may.
Status make_user_namespace(const Settings &settings) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return last_error("pipe2");
  unique_fd reader(ends[0]);
  unique_fd writer(ends[1]);
  const pid_t self = ::getpid();
  const pid_t mapper = ::fork();
  if (mapper < 0) return last_error("fork");
  if (mapper == 0) {
    writer.reset();
    char made = 0;
    if (::read(reader.get(), &made, 1) != 1) ::_exit(kFailed);
    const auto mapped = map_ids(settings, self);
    ::_exit(mapped ? 0 : mapped.error().number);
  }
  reader.reset();
  const bool made = ::unshare(CLONE_NEWUSER) == 0;
  const int unshare_errno = errno;
  // /proc/<pid> of a process that is not dumpable belongs to the host's root, and our ids could not be mapped.
  ::prctl(PR_SET_DUMPABLE, 1);
  if (made) (void)!::write(writer.get(), "", 1);
  writer.reset();
  int status = 0;
  while (::waitpid(mapper, &status, 0) < 0 && errno == EINTR) {
  }
  ::prctl(PR_SET_DUMPABLE, 0);
  if (!made) return Error{unshare_errno, "unshare", "user namespace"};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return Error{WIFEXITED(status) ? WEXITSTATUS(status) : EPERM, "map ids", "user namespace"};
}

Result<unique_fd> enter_user_namespace(const Settings &settings) {
  const unique_fd earlier = earlier_user_namespace(settings.netd_user_namespace_fd);
  if (earlier) {
    if (::setns(earlier.get(), CLONE_NEWUSER) != 0) return last_error("setns", "user namespace");
  } else if (auto made = make_user_namespace(settings); !made) {
    return made.error();
  }
  unique_fd own(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
  if (!own) return last_error("open", "/proc/self/ns/user");
  return own;
}

Status serve(const Settings &settings, int control) {
  auto locked = lock(settings.netd_dir_fd);
  if (!locked) return locked.error();
  auto user_namespace = enter_user_namespace(settings);
  if (!user_namespace) return user_namespace.error();
  DescriptorReserve::keep();
  ::signal(SIGPIPE, SIG_IGN);
  const auto started = sys::start_time(::getpid());
  const uint64_t ticks = started ? started.value() : 0;
  auto agent = NetworkAgent::start(settings.netd_dir_fd, locked.value().get());
  if (!agent) return agent.error();
  for (const int fd : {settings.netd_dir_fd, settings.netd_user_namespace_fd}) ::close(fd);
  if (auto confined = confine_packet_process(); !confined) return confined;
  NetdServer server(settings.netd_linger_ms);
  if (auto opened = server.open(agent.take(), user_namespace.take()); !opened) return opened;
  // Whoever started us may be gone already; others will come.
  (void)send_frame(control, {.type = FrameType::ready,
                             .a = static_cast<uint32_t>(::getpid()),
                             .b = static_cast<uint32_t>(ticks),
                             .c = static_cast<uint32_t>(ticks >> 32)});
  ::close(control);
  server.run();
  return {};
}

}  // namespace

int netd_main(const Settings &settings, const Plan &plan, int control) {
  const auto served = serve(settings, control);
  if (served) return 0;
  report_failure(control, monitor_failure(plan, Op::netd, served.error()));
  return kFailed;
}

}  // namespace sampan
