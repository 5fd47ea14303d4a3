// SPDX-License-Identifier: Apache-2.0
// The one program of the test images. It says what it sees from inside, as JSON, and does on request what tests need a
// process to do: write exact bytes, wait for signals, follow the size of its terminal, try what must be refused.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

std::string quoted(const std::string &text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string list_of(const std::vector<std::string> &items) {
  std::string out = "[";
  for (const std::string &item : items) out += (out.size() > 1 ? "," : "") + quoted(item);
  return out + "]";
}

std::string read_file(const std::string &path) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[65536];
  for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(got));
  close(fd);
  return text;
}

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::vector<std::string> names_in(const char *path) {
  std::vector<std::string> names;
  DIR *directory = opendir(path);
  if (directory == nullptr) return names;
  while (const dirent *entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

std::string link_at(const std::string &path) {
  char target[4096];
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  return size < 0 ? std::string("error ") + std::strerror(errno) : std::string(target, static_cast<size_t>(size));
}

// name -> target of every link in a directory of /proc
std::string links_in(const char *path) {
  std::string out = "{";
  for (const std::string &name : names_in(path)) {
    const std::string full = std::string(path) + "/" + name;
    const std::string target = link_at(full);
    // the descriptor that read the directory was ours, and is closed
    if (target.find("/proc/") == 0 || target.find("error") == 0) continue;
    out += (out.size() > 1 ? "," : "") + quoted(name) + ":" + quoted(target);
  }
  return out + "}";
}

// The kind, mode, device numbers and link target of everything in /dev.
std::string device_nodes() {
  std::string out = "{";
  for (const std::string &name : names_in("/dev")) {
    const std::string path = "/dev/" + name;
    struct stat st;
    if (lstat(path.c_str(), &st) != 0) continue;
    char text[4200];
    if (S_ISLNK(st.st_mode)) {
      std::snprintf(text, sizeof text, "link %s", link_at(path).c_str());
    } else if (S_ISCHR(st.st_mode)) {
      std::snprintf(text, sizeof text, "char %u:%u", major(st.st_rdev), minor(st.st_rdev));
    } else {
      std::snprintf(text, sizeof text, "%s",
                    S_ISDIR(st.st_mode)   ? "directory"
                    : S_ISREG(st.st_mode) ? "file"
                                          : "other");
    }
    out += (out.size() > 1 ? "," : "") + quoted(name) + ":" + quoted(text);
  }
  return out + "}";
}

std::string terminal() {
  std::string out = "{";
  for (int fd = 0; fd < 3; ++fd) {
    winsize size = {};
    const bool tty = isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &size) == 0;
    char text[64];
    std::snprintf(text, sizeof text, "%s\"%d\":%s", fd == 0 ? "" : ",", fd, tty ? "" : "null");
    out += text;
    if (!tty) continue;
    std::snprintf(text, sizeof text, "{\"columns\":%u,\"rows\":%u}", size.ws_col, size.ws_row);
    out += text;
  }
  return out + "}";
}

int report(int argc, char **argv, char **envp) {
  utsname names = {};
  uname(&names);
  std::vector<std::string> args(argv, argv + argc);
  std::vector<std::string> env;
  for (char **entry = envp; *entry != nullptr; ++entry) env.emplace_back(*entry);
  char cwd[4096] = "";
  if (getcwd(cwd, sizeof cwd) == nullptr) std::snprintf(cwd, sizeof cwd, "error %s", std::strerror(errno));
  const mode_t mask = umask(0);
  std::string out = "{";
  const auto add = [&out](const char *name, const std::string &json) {
    out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + json;
  };
  add("pid", std::to_string(getpid()));
  add("ppid", std::to_string(getppid()));
  add("uid", std::to_string(getuid()));
  add("gid", std::to_string(getgid()));
  add("sid", std::to_string(getsid(0)));
  add("umask", std::to_string(mask));
  add("noNewPrivs", std::to_string(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
  add("parentDeathSignal", [] {
    int sig = 0;
    prctl(PR_GET_PDEATHSIG, &sig);
    return std::to_string(sig);
  }());
  add("args", list_of(args));
  add("env", list_of(env));
  add("cwd", quoted(cwd));
  add("hostname", quoted(names.nodename));
  add("domainname", quoted(names.domainname));
  add("descriptors", links_in("/proc/self/fd"));
  add("namespaces", links_in("/proc/self/ns"));
  add("executable", quoted(link_at("/proc/self/exe")));
  add("initExecutable", quoted(link_at("/proc/1/exe")));
  add("status", list_of(lines_of(read_file("/proc/self/status"))));
  add("mounts", list_of(lines_of(read_file("/proc/self/mountinfo"))));
  add("limits", list_of(lines_of(read_file("/proc/self/limits"))));
  add("cgroup", list_of(lines_of(read_file("/proc/self/cgroup"))));
  add("uidMap", list_of(lines_of(read_file("/proc/self/uid_map"))));
  add("gidMap", list_of(lines_of(read_file("/proc/self/gid_map"))));
  add("interfaces", list_of(names_in("/sys/class/net")));
  add("root", list_of(names_in("/")));
  add("devices", device_nodes());
  add("processes", [] {
    std::vector<std::string> pids;
    for (const std::string &name : names_in("/proc"))
      if (name.find_first_not_of("0123456789") == std::string::npos) pids.push_back(name);
    return list_of(pids);
  }());
  add("terminal", terminal());
  out += "}\n";
  return std::fwrite(out.data(), 1, out.size(), stdout) == out.size() ? 0 : 1;
}

// Bytes that depend on their place, so that a lost, doubled or exchanged piece shows.
int write_bytes(int fd, uint64_t count, uint32_t seed) {
  static char buffer[65536];
  uint32_t state = seed | 1;
  while (count > 0) {
    const size_t size = static_cast<size_t>(std::min<uint64_t>(count, sizeof buffer));
    for (size_t i = 0; i < size; ++i) {
      state ^= state << 13;
      state ^= state >> 17;
      state ^= state << 5;
      buffer[i] = static_cast<char>(state);
    }
    for (size_t done = 0; done < size;) {
      const ssize_t wrote = write(fd, buffer + done, size - done);
      if (wrote < 0) return 1;
      done += static_cast<size_t>(wrote);
    }
    count -= size;
  }
  return 0;
}

// Numbered lines of a fixed length, alternately to both streams when `both`.
int write_lines(uint64_t count, bool both) {
  for (uint64_t line = 0; line < count; ++line) {
    std::FILE *out = both && line % 2 == 1 ? stderr : stdout;
    std::fprintf(out,
                 "%010llu abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij\n",
                 static_cast<unsigned long long>(line));
  }
  return 0;
}

int name_signals() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  std::puts("ready");
  std::fflush(stdout);
  for (;;) {
    const int sig = sigwaitinfo(&all, nullptr);
    if (sig < 0) continue;
    if (sig == SIGWINCH) {
      winsize size = {};
      ioctl(0, TIOCGWINSZ, &size);
      std::printf("size %u %u\n", size.ws_col, size.ws_row);
    } else {
      std::printf("signal %d\n", sig);
    }
    std::fflush(stdout);
    if (sig == SIGTERM) return 42;
  }
}

int attempt(const char *what, bool worked) {
  std::printf("%s %s\n", what, worked ? "allowed" : std::strerror(errno));
  return 0;
}

// What a container must not be able to do, each told with the kernel's answer.
int attempts() {
  attempt("mount-proc", mount("proc", "/tmp", "proc", 0, nullptr) == 0);
  attempt("mount-tmpfs", mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) == 0);
  attempt("remount-root-rw", mount(nullptr, "/proc/sys", nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0);
  attempt("mknod", mknod("/tmp/sampan-null", S_IFCHR | 0666, makedev(1, 3)) == 0);
  attempt("sethostname", sethostname("changed", 7) == 0);
  attempt("write-sysctl", [] {
    const int fd = open("/proc/sys/kernel/hostname", O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, "x", 1) == 1;
  }());
  attempt("write-sysrq", open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC) >= 0);
  attempt("read-kcore", [] {
    const int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
    char byte;
    return fd >= 0 && read(fd, &byte, 1) == 1;
  }());
  attempt("chroot", chroot("/") == 0);
  attempt("load-module", open("/proc/sys/kernel/modprobe", O_WRONLY | O_CLOEXEC) >= 0);
  attempt("set-clock", [] {
    const timespec time = {1, 0};
    return clock_settime(CLOCK_REALTIME, &time) == 0;
  }());
  return 0;
}

int orphans() {
  // a grandchild whose parent ends first becomes a child of process 1
  if (fork() == 0) {
    if (fork() == 0) {
      usleep(100000);
      _exit(0);
    }
    _exit(0);
  }
  wait(nullptr);
  sleep(1);
  int zombies = 0;
  for (const std::string &name : names_in("/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    zombies += read_file("/proc/" + name + "/stat").find(") Z ") != std::string::npos;
  }
  std::printf("zombies %d\n", zombies);
  return 0;
}

}  // namespace

int main(int argc, char **argv, char **envp) {
  const std::string command = argc > 1 ? argv[1] : "report";
  const auto number = [&](int index, uint64_t otherwise) {
    return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  if (command == "report") return report(argc, argv, envp);
  if (command == "bytes") return write_bytes(1, number(2, 1), static_cast<uint32_t>(number(3, 1)));
  if (command == "bytes-both") {
    return write_bytes(1, number(2, 1), 1) | write_bytes(2, number(2, 1), 2);
  }
  if (command == "lines") return write_lines(number(2, 1), false);
  if (command == "lines-both") return write_lines(number(2, 1), true);
  if (command == "signals") return name_signals();
  if (command == "attempts") return attempts();
  if (command == "orphans") return orphans();
  if (command == "exit") return static_cast<int>(number(2, 0));
  if (command == "kill") return kill(getpid(), static_cast<int>(number(2, SIGKILL)));
  if (command == "sleep") {
    sleep(static_cast<unsigned>(number(2, 1)));
    return 0;
  }
  std::fprintf(stderr, "report: unknown command %s\n", command.c_str());
  return 2;
}
