// SPDX-License-Identifier: Apache-2.0
// open_pty: the container's terminal. The master goes to the monitor, who owns it for as long as the container lives.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "addon/helper/link.h"
#include "addon/helper/mount_tree.h"
#include "addon/helper/ops/ops.h"
#include "addon/helper/root_path.h"

// Linux 4.13; the headers of the build machine may hide it.
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

namespace sampan {

namespace {

constexpr const char *kMultiplexer = "/dev/pts/ptmx";
constexpr const char *kConsole = "/dev/console";

// What the image or a volume put in the place of devpts would be a descriptor of theirs in the monitor.
Result<unique_fd> open_master(int root) {
  auto master = open_in_root(root, kMultiplexer, O_RDWR | O_NOCTTY);
  if (!master) return master;
  struct statfs info {};
  if (::fstatfs(master.value().get(), &info) != 0) return last_error("fstatfs", kMultiplexer);
  if (info.f_type != DEVPTS_SUPER_MAGIC) return Error{ENODEV, "not a devpts", kMultiplexer};
  return master;
}

// ioctl_tty(2): TIOCGPTPEER opens the slave without a path that could be redirected.
Result<unique_fd> open_slave(int master) {
  const int unlocked = 0;
  if (::ioctl(master, TIOCSPTLCK, &unlocked) != 0) return last_error("ioctl(TIOCSPTLCK)", kMultiplexer);
  unique_fd slave(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) return last_error("ioctl(TIOCGPTPEER)", kMultiplexer);
  return slave;
}

Status set_size(int terminal, uint32_t columns, uint32_t rows) {
  if (columns == 0 || rows == 0) return {};
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  if (::ioctl(terminal, TIOCSWINSZ, &size) != 0) return last_error("ioctl(TIOCSWINSZ)", kMultiplexer);
  return {};
}

Status make_controlling(int slave) {
  if (::setsid() < 0) return last_error("setsid");
  if (::ioctl(slave, TIOCSCTTY, 0) != 0) return last_error("ioctl(TIOCSCTTY)", kMultiplexer);
  for (int fd = 0; fd < 3; ++fd) {
    if (::dup2(slave, fd) < 0) return last_error("dup2", "stdio");
  }
  return {};
}

Status bind_console(int root, int slave) {
  constexpr mode_t kMode = 0600;
  auto console = reach_in_root(root, kConsole, Missing::make_file, kMode);
  if (!console) return console.error();
  auto tree = clone_tree(slave, "", false);
  if (!tree) return tree.error();
  return attach_tree(tree.value().get(), console.value().get(), kConsole);
}

}  // namespace

// #syscalls: openat2 fstatfs ioctl setsid dup2 open_tree move_mount sendmsg
Status op_open_pty(InitContext &context, const open_pty_args &args) {
  auto master = open_master(context.root.get());
  if (!master) return master.error();
  auto slave = open_slave(master.value().get());
  if (!slave) return slave.error();
  if (auto sized = set_size(slave.value().get(), args.columns, args.rows); !sized) return sized;
  if (auto controlling = make_controlling(slave.value().get()); !controlling) return controlling;
  // The console of a running container is that of its first process.
  if (!context.joined) {
    if (auto bound = bind_console(context.root.get(), slave.value().get()); !bound) return bound;
  }
  return send_pty(context.link, master.value().get());
}

}  // namespace sampan
