// SPDX-License-Identifier: Apache-2.0
#include "addon/net/dns_resolvers.h"

#include <arpa/inet.h>
#include <sys/stat.h>

#include "addon/sys/file.h"

namespace sampan::net {

namespace {

constexpr const char *kPath = "/etc/resolv.conf";
constexpr size_t kMaxFile = 65536;
constexpr size_t kMaxServers = 8;

std::optional<IpAddress> parse_ip(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated) return std::nullopt;
  terminated[text.copy(terminated, text.size())] = '\0';
  uint8_t bytes[16];
  if (::inet_pton(AF_INET, terminated, bytes) == 1) return IpAddress::from_v4(bytes);
  if (::inet_pton(AF_INET6, terminated, bytes) == 1) return IpAddress::from_v6(bytes);
  return std::nullopt;
}

std::string_view next_word(std::string_view &line) {
  constexpr std::string_view kSpace = " \t\r";
  const size_t start = line.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return line = {};
  line.remove_prefix(start);
  const std::string_view word = line.substr(0, line.find_first_of(kSpace));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

std::vector<IpAddress> parse_resolv_conf(std::string_view text) {
  std::vector<IpAddress> servers;
  while (!text.empty() && servers.size() < kMaxServers) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (next_word(line) != "nameserver") continue;
    if (const auto server = parse_ip(next_word(line))) servers.push_back(*server);
  }
  constexpr uint8_t kLoopback[] = {127, 0, 0, 1};
  if (servers.empty()) servers.push_back(IpAddress::from_v4(kLoopback));
  return servers;
}

// #syscalls: newfstatat openat read
const std::vector<IpAddress> &HostResolvers::current() {
  struct stat info = {};
  const bool there = ::stat(kPath, &info) == 0;
  const bool same = there && info.st_ino == inode_ && info.st_mtim.tv_sec == changed_.tv_sec &&
                    info.st_mtim.tv_nsec == changed_.tv_nsec;
  if (known_ && (same || !there)) return servers_;
  const auto text = sys::read_file(AT_FDCWD, kPath, kMaxFile);
  servers_ = parse_resolv_conf(text ? std::string_view(text.value()) : std::string_view());
  known_ = true;
  inode_ = info.st_ino;
  changed_ = info.st_mtim;
  return servers_;
}

}  // namespace sampan::net
