// SPDX-License-Identifier: Apache-2.0
#include "addon/sys/netlink.h"

#include <linux/ethtool.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

namespace sampan::sys {

namespace {

constexpr size_t kAlignment = NLMSG_ALIGNTO;
static_assert(NLMSG_ALIGNTO == RTA_ALIGNTO);

constexpr size_t aligned(size_t size) { return (size + kAlignment - 1) & ~(kAlignment - 1); }

constexpr uint32_t kRulePriority = 100;  // before the main table, 32766

size_t size_of(int family) { return family == AF_INET ? 4 : 16; }

uint8_t to_family(int family) { return static_cast<uint8_t>(family); }

struct ifinfomsg link_header(unsigned index, bool up) {
  struct ifinfomsg header = {};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = static_cast<int>(index);
  header.ifi_flags = up ? IFF_UP : 0;
  header.ifi_change = up ? IFF_UP : 0;
  return header;
}

}  // namespace

size_t NetlinkBatch::begin(uint16_t type, uint16_t flags, const void *header, size_t size, const char *call,
                           std::string subject) {
  const size_t start = bytes_.size();
  marks_.push_back({start, call, std::move(subject)});
  bytes_.resize(start + NLMSG_HDRLEN + aligned(size));
  struct nlmsghdr message = {};
  message.nlmsg_type = type;
  message.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  message.nlmsg_seq = static_cast<uint32_t>(marks_.size());
  std::memcpy(bytes_.data() + start, &message, sizeof message);
  std::memcpy(bytes_.data() + start + NLMSG_HDRLEN, header, size);
  return start;
}

void NetlinkBatch::end(size_t start) {
  const auto length = static_cast<uint32_t>(bytes_.size() - start);
  std::memcpy(bytes_.data() + start + offsetof(struct nlmsghdr, nlmsg_len), &length, sizeof length);
}

void NetlinkBatch::put(uint16_t type, const void *data, size_t size) {
  const size_t start = bytes_.size();
  bytes_.resize(start + RTA_LENGTH(0) + aligned(size));
  const struct rtattr attribute = {static_cast<uint16_t>(RTA_LENGTH(size)), type};
  std::memcpy(bytes_.data() + start, &attribute, sizeof attribute);
  if (size > 0) std::memcpy(bytes_.data() + start + RTA_LENGTH(0), data, size);
}

// With its NUL.
void NetlinkBatch::put_text(uint16_t type, std::string_view text) {
  const std::string terminated(text);
  put(type, terminated.c_str(), terminated.size() + 1);
}

size_t NetlinkBatch::nest(uint16_t type) {
  const size_t start = bytes_.size();
  put(type, nullptr, 0);
  return start;
}

void NetlinkBatch::close_nest(size_t start) {
  const auto length = static_cast<uint16_t>(bytes_.size() - start);
  std::memcpy(bytes_.data() + start, &length, sizeof length);
}

void NetlinkBatch::add_bridge(const char *name, const MacAddress &mac, uint32_t mtu) {
  const auto header = link_header(0, true);
  const size_t start = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header, "add bridge", name);
  put_text(IFLA_IFNAME, name);
  put(IFLA_ADDRESS, mac.bytes, sizeof mac.bytes);
  put_number(IFLA_MTU, mtu);
  const size_t info = nest(IFLA_LINKINFO);
  put_text(IFLA_INFO_KIND, "bridge");
  close_nest(info);
  end(start);
}

void NetlinkBatch::add_veth(const VethPair &pair) {
  const auto header = link_header(0, true);
  const size_t start =
      begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header, "add veth", pair.peer_name);
  put_text(IFLA_IFNAME, pair.name);
  put_number(IFLA_MTU, pair.mtu);
  put_number(IFLA_MASTER, pair.bridge);
  const size_t info = nest(IFLA_LINKINFO);
  put_text(IFLA_INFO_KIND, "veth");
  const size_t data = nest(IFLA_INFO_DATA);
  const size_t peer = nest(VETH_INFO_PEER);
  const auto peer_header = link_header(0, false);
  const size_t at = bytes_.size();
  bytes_.resize(at + aligned(sizeof peer_header));
  std::memcpy(bytes_.data() + at, &peer_header, sizeof peer_header);
  put_text(IFLA_IFNAME, pair.peer_name);
  put(IFLA_ADDRESS, pair.peer_mac.bytes, sizeof pair.peer_mac.bytes);
  put_number(IFLA_MTU, pair.mtu);
  put_number(IFLA_NET_NS_FD, pair.peer_namespace);
  close_nest(peer);
  close_nest(data);
  close_nest(info);
  end(start);
}

void NetlinkBatch::delete_link(const char *name) {
  const auto header = link_header(0, false);
  const size_t start = begin(RTM_DELLINK, 0, &header, sizeof header, "delete link", name);
  put_text(IFLA_IFNAME, name);
  end(start);
}

void NetlinkBatch::set_down(const char *name) {
  auto header = link_header(0, false);
  header.ifi_change = IFF_UP;
  const size_t start = begin(RTM_NEWLINK, 0, &header, sizeof header, "set link down", name);
  put_text(IFLA_IFNAME, name);
  end(start);
}

void NetlinkBatch::set_up(unsigned index, uint32_t mtu, uint32_t queue_length) {
  const auto header = link_header(index, true);
  const size_t start = begin(RTM_NEWLINK, 0, &header, sizeof header, "set link up", std::to_string(index));
  if (mtu > 0) put_number(IFLA_MTU, mtu);
  if (queue_length > 0) put_number(IFLA_TXQLEN, queue_length);
  end(start);
}

void NetlinkBatch::add_address(unsigned index, const InterfaceAddress &address) {
  struct ifaddrmsg header = {};
  header.ifa_family = to_family(address.family);
  header.ifa_prefixlen = address.prefix_length;
  header.ifa_flags = address.family == AF_INET6 ? IFA_F_NODAD : 0;
  header.ifa_index = index;
  const size_t start =
      begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header, "add address", std::to_string(index));
  put(IFA_LOCAL, address.bytes, size_of(address.family));
  put(IFA_ADDRESS, address.bytes, size_of(address.family));
  end(start);
}

void NetlinkBatch::add_default_route(unsigned index, int family, const InterfaceAddress *gateway) {
  struct rtmsg header = {};
  header.rtm_family = to_family(family);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = gateway == nullptr ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  const size_t start =
      begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header, "add route", "default");
  put_number(RTA_OIF, index);
  if (gateway != nullptr) put(RTA_GATEWAY, gateway->bytes, size_of(family));
  end(start);
}

// rtnetlink(7), RTN_LOCAL: Linux asks no more than that the socket is transparent.
void NetlinkBatch::add_local_route(int family, uint32_t table) {
  struct rtmsg header = {};
  header.rtm_family = to_family(family);
  header.rtm_table = RT_TABLE_UNSPEC;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_HOST;
  header.rtm_type = RTN_LOCAL;
  const size_t start = begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header, "add route", "local");
  constexpr uint32_t kLoopback = 1;  // index of lo in every network namespace
  put_number(RTA_OIF, kLoopback);
  put_number(RTA_TABLE, table);
  end(start);
}

void NetlinkBatch::add_rule(const PacketRule &rule) {
  put_rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule, "add rule");
}
void NetlinkBatch::delete_rule(const PacketRule &rule) { put_rule(RTM_DELRULE, 0, rule, "delete rule"); }

// linux/fib_rules.h; FRA_IP_PROTO and FRA_SPORT_RANGE: Linux 4.17.
void NetlinkBatch::put_rule(uint16_t type, uint16_t flags, const PacketRule &rule, const char *call) {
  struct fib_rule_hdr header = {};
  header.family = to_family(rule.source.family);
  header.src_len = static_cast<uint8_t>(size_of(rule.source.family) * 8);
  header.action = FR_ACT_TO_TBL;
  const size_t start = begin(type, flags, &header, sizeof header, call, std::to_string(rule.source_port));
  put_number(FRA_PRIORITY, kRulePriority);
  put_number(FRA_TABLE, rule.table);
  put_text(FRA_IIFNAME, rule.interface_name);
  put(FRA_SRC, rule.source.bytes, size_of(rule.source.family));
  put_number(FRA_IP_PROTO, rule.protocol);
  const struct fib_rule_port_range port = {rule.source_port, rule.source_port};
  put(FRA_SPORT_RANGE, &port, sizeof port);
  end(start);
}

void NetlinkBatch::add_mark_rule(int family, uint32_t mark, uint32_t table) {
  struct fib_rule_hdr header = {};
  header.family = to_family(family);
  header.action = FR_ACT_TO_TBL;
  const size_t start = begin(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header, "add rule", "mark");
  put_number(FRA_PRIORITY, kRulePriority);
  put_number(FRA_TABLE, table);
  put_number(FRA_FWMARK, mark);
  end(start);
}

Result<Netlink> Netlink::open() {
  auto socket = NetlinkSocket::open(NETLINK_ROUTE, "netlink");
  if (!socket) return socket.error();
  return Netlink(socket.take());
}

// All answers are read, also after a failure: the next batch is not to meet them.
Status Netlink::run(const NetlinkBatch &batch) {
  if (batch.marks_.empty()) return {};
  if (auto sent = socket_.send(batch.bytes_); !sent) return sent;
  Status outcome;
  for (size_t answered = 0; answered < batch.marks_.size();) {
    const auto received = socket_.receive();
    if (!received) return received.error();
    const auto &[count, error, sequence] = received.value();
    answered += count;
    if (error == 0 || !outcome || sequence - 1 >= batch.marks_.size()) continue;
    const auto &mark = batch.marks_[sequence - 1];
    outcome = Error{error, mark.call, mark.subject};
  }
  return outcome;
}

// netdevice(7).
// #syscalls: socket ioctl
Result<unsigned> interface_index(const char *name) {
  struct ifreq request = {};
  if (std::strlen(name) >= sizeof request.ifr_name) return Error{ENAMETOOLONG, "ioctl SIOCGIFINDEX", name};
  std::memcpy(request.ifr_name, name, std::strlen(name));
  const unique_fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return last_error("socket", name);
  if (::ioctl(socket.get(), SIOCGIFINDEX, &request) < 0) return last_error("ioctl SIOCGIFINDEX", name);
  return static_cast<unsigned>(request.ifr_ifindex);
}

// #syscalls: socket ioctl
Status enable_gro(const char *name) {
  struct ethtool_value value = {ETHTOOL_SGRO, 1};
  struct ifreq request = {};
  if (std::strlen(name) >= sizeof request.ifr_name) return Error{ENAMETOOLONG, "ioctl SIOCETHTOOL", name};
  std::memcpy(request.ifr_name, name, std::strlen(name));
  request.ifr_data = reinterpret_cast<char *>(&value);
  const unique_fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return last_error("socket", name);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) < 0) return last_error("ioctl SIOCETHTOOL", name);
  return {};
}

}  // namespace sampan::sys
