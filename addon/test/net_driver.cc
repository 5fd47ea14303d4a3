// SPDX-License-Identifier: Apache-2.0
// Development and test driver of addon/net, not shipped: makes a user and network namespace with a tun as the
// containers' way out, runs a command in it, and the stack outside of it until the command ends.
//
//   net-driver [--mtu N] [--host-alias4 A] [--host-alias6 A] [--host-port P] [--deny-v6] [--counters] -- COMMAND...
//
// The command finds the device "tun0", down and without addresses; the network is 10.88.0.0/16 and fd00:88::/64.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "addon/net/event_loop.h"
#include "addon/net/stack.h"
#include "addon/sys/file.h"
#include "addon/sys/socket.h"

namespace sampan::net {
namespace {

struct Settings {
  StackOptions options;
  bool counters = false;
  char **command = nullptr;
};

[[noreturn]] void die(const char *what) {
  std::perror(what);
  std::exit(125);
}

[[noreturn]] void die(const Error &error) {
  errno = error.number;
  die((std::string(error.call) + " " + error.subject).c_str());
}

IpAddress parse_address(const char *text) {
  uint8_t bytes[16];
  if (inet_pton(AF_INET, text, bytes) == 1) return IpAddress::from_v4(bytes);
  if (inet_pton(AF_INET6, text, bytes) == 1) return IpAddress::from_v6(bytes);
  errno = EINVAL;
  die(text);
}

Settings parse(int argc, char **argv) {
  Settings settings;
  StackOptions &options = settings.options;
  options.prefixes[0] = IpPrefix::v4(parse_address("10.88.0.0"), 16);
  options.prefixes[1] = {parse_address("fd00:88::"), 64};
  options.prefix_count = 2;
  options.gateway_v4 = parse_address("10.88.0.1");
  options.gateway_v6 = parse_address("fd00:88::1");
  int i = 1;
  for (; i < argc && std::strcmp(argv[i], "--") != 0; ++i) {
    const std::string word = argv[i];
    if (word == "--counters") {
      settings.counters = true;
      continue;
    }
    if (++i >= argc) break;
    if (word == "--mtu") options.mtu = static_cast<uint32_t>(std::atoi(argv[i]));
    if (word == "--host-alias4") options.policy.host_alias_v4 = parse_address(argv[i]);
    if (word == "--host-alias6") options.policy.host_alias_v6 = parse_address(argv[i]);
    if (word == "--host-port" && options.policy.host_port_count < Policy::kMaxRanges) {
      const auto port = static_cast<uint16_t>(std::atoi(argv[i]));
      options.policy.host_ports[options.policy.host_port_count++] = {port, port};
    }
  }
  settings.command = argv + i + 1;
  if (i + 1 >= argc) {
    std::fputs("usage: net-driver [OPTION...] -- COMMAND...\n", stderr);
    std::exit(125);
  }
  return settings;
}

// Only its own user is root inside: enough for a network namespace.
void enter_namespaces() {
  const std::string uid = "0 " + std::to_string(getuid()) + " 1";
  const std::string gid = "0 " + std::to_string(getgid()) + " 1";
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) die("unshare");
  if (!sys::write_kernel_file("/proc/self/setgroups", "deny")) die("setgroups");
  if (!sys::write_kernel_file("/proc/self/uid_map", uid)) die("uid_map");
  if (!sys::write_kernel_file("/proc/self/gid_map", gid)) die("gid_map");
}

[[noreturn]] void run_inside(int socket, char **command) {
  enter_namespaces();
  Result<Tun> tun = open_tun("tun0");
  if (!tun) die(tun.error());
  const char segments = tun.value().udp_segments ? '1' : '0';
  const std::span<const std::byte> part(reinterpret_cast<const std::byte *>(&segments), 1);
  if (!sys::send_message(socket, {&part, 1}, tun.value().fd.get())) die("send");
  tun.value().fd.reset();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(command[0], command);
  die(command[0]);
}

struct Child final : Watch {
  void ready(uint32_t) override { over = true; }
  bool over = false;
};

void print(const StackCounters &counters) {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval &time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  std::fprintf(stderr,
               "{\"framesIn\":%llu,\"framesOut\":%llu,\"bytesIn\":%llu,\"bytesOut\":%llu,\"invalid\":%llu,"
               "\"refused\":%llu,\"limited\":%llu,\"retransmits\":%llu,\"writeFailures\":%llu,\"tcpConnections\":%u,"
               "\"udpFlows\":%u,\"cpuSeconds\":%.3f,\"maxRssKb\":%ld}\n",
               static_cast<unsigned long long>(counters.frames_in),
               static_cast<unsigned long long>(counters.frames_out), static_cast<unsigned long long>(counters.bytes_in),
               static_cast<unsigned long long>(counters.bytes_out), static_cast<unsigned long long>(counters.invalid),
               static_cast<unsigned long long>(counters.refused), static_cast<unsigned long long>(counters.limited),
               static_cast<unsigned long long>(counters.retransmits),
               static_cast<unsigned long long>(counters.write_failures), counters.tcp_connections, counters.udp_flows,
               seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
}

int run(int argc, char **argv) {
  Settings settings = parse(argc, argv);
  auto pair = sys::seqpacket_pair();
  if (!pair) die(pair.error());
  sigset_t child_signal;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_signal, nullptr);
  const unique_fd signals(signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK));
  const pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) run_inside(pair.value().second.get(), settings.command);
  pair.value().second.reset();
  std::byte segments{};
  auto message = sys::receive_message(pair.value().first.get(), {&segments, 1});
  if (!message || !message.value().fd) die("no tun");
  struct rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  EventLoop loop;
  if (!loop.open()) die("epoll");
  auto resources = StackResources::create(loop);
  if (!resources) die(resources.error());
  settings.options.tun = Tun{std::move(message.value().fd), segments == std::byte{'1'}};
  auto stack = Stack::create(*resources.value(), std::move(settings.options));
  if (!stack) die(stack.error());
  Child child;
  loop.watch(child, signals.get(), EPOLLIN);
  while (!child.over) loop.turn();
  int status = 0;
  waitpid(pid, &status, 0);
  if (settings.counters) print(stack.value()->counters());
  stack.value().reset();
  loop.forget(child, signals.get());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace
}  // namespace sampan::net

int main(int argc, char **argv) { return sampan::net::run(argc, argv); }
