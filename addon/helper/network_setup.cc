// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/network_setup.h"

#include <fcntl.h>
#include <sys/random.h>

#include <algorithm>
#include <cstring>

#include "addon/sys/file.h"
#include "addon/sys/netlink.h"
#include "addon/sys/network_namespace.h"

namespace sampan {

namespace {

constexpr const char *kTun = "tun0";
constexpr unsigned kLoopback = 1;  // index of lo in every network namespace

struct Setting {
  const char *path;
  const char *value;
};

// Before any device is made: devices begin with the defaults.
// tcp_early_demux: a SYN whose addresses are those of a connection in TIME_WAIT would be taken for local and dropped
// by ip_forward(). rp_filter: answers of the outside come in through the tun with any source. bridge-nf-call: there are
// no filter rules here, and asking for them costs a tenth of what a frame costs on the bridge.
// ip_unprivileged_port_start: a client's port, which a socket in the network has too, may be any.
constexpr Setting kSettings[] = {
    {"/proc/sys/net/ipv4/ip_forward", "1"},
    {"/proc/sys/net/ipv4/tcp_early_demux", "0"},
    {"/proc/sys/net/ipv4/conf/all/rp_filter", "0"},
    {"/proc/sys/net/ipv4/conf/default/rp_filter", "0"},
    {"/proc/sys/net/ipv4/conf/all/send_redirects", "0"},
    {"/proc/sys/net/ipv4/conf/default/send_redirects", "0"},
    {"/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
    {"/proc/sys/net/ipv6/conf/all/forwarding", "1"},
    {"/proc/sys/net/ipv6/conf/default/accept_dad", "0"},
    {"/proc/sys/net/bridge/bridge-nf-call-iptables", "0"},
    {"/proc/sys/net/bridge/bridge-nf-call-ip6tables", "0"},
    {"/proc/sys/net/bridge/bridge-nf-call-arptables", "0"},
};

// A kernel without IPv6, or without br_netfilter, has no such files.
Status apply_settings() {
  for (const auto &[path, value] : kSettings) {
    auto written = sys::write_kernel_file(path, value);
    if (!written && written.error().number != ENOENT) return written;
  }
  return {};
}

// Locally administered, and the same after every restart: neighbours need not learn it again.
sys::MacAddress bridge_mac(const NetworkDescription &description) {
  sys::MacAddress mac{{0x02, 0x42, 0, 0, 0, 0}};
  if (!description.gateways.empty()) std::memcpy(mac.bytes + 2, description.gateways.front().bytes, 4);
  return mac;
}

bool has_family(const EndpointDescription &endpoint, int family) {
  return std::any_of(endpoint.addresses.begin(), endpoint.addresses.end(),
                     [family](const auto &address) { return address.family == family; });
}

Result<std::string> random_name() {
  uint32_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != ssize_t{sizeof number}) return last_error("getrandom");
  return "v" + std::to_string(number);
}

// By its errno alone, that of a device without permission would be taken for that of a port.
Error no_device(const Error &error) {
  const char *const why = error.number == ENOENT ? "not there" : error.number == EACCES ? "no permission" : "";
  return {ENODEV, error.call, error.subject, why};
}

// In the network's namespace.
Status add_veth(const EndpointDescription &endpoint, int container_namespace) {
  auto name = random_name();
  if (!name) return name.error();
  const auto bridge = sys::interface_index(kBridge);
  if (!bridge) return bridge.error();
  auto netlink = sys::Netlink::open();
  if (!netlink) return netlink.error();
  sys::NetlinkBatch batch;
  batch.add_veth({.name = name.value().c_str(),
                  .bridge = bridge.value(),
                  .peer_name = endpoint.interface_name.c_str(),
                  .peer_mac = endpoint.mac,
                  .peer_namespace = container_namespace,
                  .mtu = endpoint.network.mtu});
  if (auto added = netlink.value().run(batch); !added) return added;
  return sys::enable_gro(name.value().c_str());
}

void add_default_route(const EndpointDescription &endpoint, unsigned index, int family, sys::NetlinkBatch &batch) {
  for (const auto &gateway : endpoint.network.gateways) {
    if (endpoint.network.internal || gateway.family != family || !has_family(endpoint, family)) continue;
    batch.add_default_route(index, family, &gateway);
  }
}

// In the container's namespace.
bool has_ipv6_off(const EndpointDescription &endpoint) {
  const std::string path = "/proc/sys/net/ipv6/conf/" + endpoint.interface_name + "/disable_ipv6";
  constexpr size_t kLimit = 16;
  const auto off = sys::read_file(AT_FDCWD, path.c_str(), kLimit);
  return off && off.value().starts_with('1');
}

// In the container's namespace. Each family by itself: the container may switch IPv6 off (--sysctl
// net.ipv6.conf.all.disable_ipv6=1) before or while this is done.
template <typename Fill>
Status run_by_family(const EndpointDescription &endpoint, Fill fill) {
  const auto index = sys::interface_index(endpoint.interface_name.c_str());
  if (!index) return index.error();
  auto netlink = sys::Netlink::open();
  if (!netlink) return netlink.error();
  for (const int family : {AF_INET, AF_INET6}) {
    sys::NetlinkBatch batch;
    fill(index.value(), family, batch);
    auto done = netlink.value().run(batch);
    if (!done && (family != AF_INET6 || !has_ipv6_off(endpoint))) return done;
  }
  return {};
}

// In the container's namespace.
Status configure(const EndpointDescription &endpoint) {
  auto done = run_by_family(endpoint, [&](unsigned index, int family, sys::NetlinkBatch &batch) {
    for (const auto &address : endpoint.addresses) {
      if (address.family == family) batch.add_address(index, address);
    }
    if (family == AF_INET) batch.set_up(index);
    if (endpoint.default_route) add_default_route(endpoint, index, family, batch);
  });
  if (!done) return done;
  return sys::enable_gro(endpoint.interface_name.c_str());
}

// In the network's namespace.
Status make_bridge(const NetworkDescription &description, sys::Netlink &netlink, sys::NetlinkBatch &batch) {
  if (auto applied = apply_settings(); !applied) return applied;
  sys::NetlinkBatch devices;
  devices.set_up(kLoopback);
  devices.add_bridge(kBridge, bridge_mac(description), description.mtu);
  if (auto added = netlink.run(devices); !added) return added;
  const auto bridge = sys::interface_index(kBridge);
  if (!bridge) return bridge.error();
  for (const auto &gateway : description.gateways) batch.add_address(bridge.value(), gateway);
  return {};
}

// In the network's namespace.
Result<net::Tun> make_tun(const NetworkDescription &description, sys::NetlinkBatch &batch) {
  auto opened = net::open_tun(kTun);
  if (!opened) return no_device(opened.error());
  const auto index = sys::interface_index(kTun);
  if (!index) return index.error();
  batch.set_up(index.value(), description.mtu, net::kTunQueueLength);
  for (const auto &gateway : description.gateways) batch.add_default_route(index.value(), gateway.family, nullptr);
  return opened;
}

// In the network's namespace.
Status set_up(const NetworkDescription &description, bool adopted, MadeNetwork *made) {
  auto netlink = sys::Netlink::open();
  if (!netlink) return netlink.error();
  sys::NetlinkBatch batch;
  if (!adopted) {
    if (auto bridge = make_bridge(description, netlink.value(), batch); !bridge) return bridge;
  }
  if (!description.internal) {
    auto tun = make_tun(description, batch);
    if (!tun) return tun.error();
    made->tun = tun.take();
  }
  if (auto done = netlink.value().run(batch); !done) return done;
  // resolv.conf of the containers names the first one.
  if (description.gateways.empty()) return {};
  auto sockets = net::open_dns_sockets(to_ip_address(description.gateways.front()));
  if (!sockets) return sockets.error();
  made->dns = sockets.take();
  return {};
}

}  // namespace

Result<MadeNetwork> make_network(const NetworkDescription &description, unique_fd adopted) {
  const bool is_adopted = static_cast<bool>(adopted);
  if (!is_adopted) {
    auto made = sys::new_network_namespace();
    if (!made) return made.error();
    adopted = made.take();
  }
  MadeNetwork network{std::move(adopted), {}, {}};
  // As an earlier netd may have left it; where it could not be changed, it never was.
  if (is_adopted) (void)join_datagrams(network.network_namespace.get(), false);
  const auto ready = sys::in_network_namespace(network.network_namespace.get(),
                                               [&] { return set_up(description, is_adopted, &network); });
  if (!ready) return ready.error();
  return network;
}

Status plug_in(const EndpointDescription &endpoint, int network_namespace, int container_namespace) {
  auto plugged = sys::in_network_namespace(network_namespace, [&] { return add_veth(endpoint, container_namespace); });
  if (!plugged) {
    if (plugged.error().number == EEXIST) plugged = Error{EEXIST, plugged.error().call, endpoint.interface_name};
    return plugged;
  }
  auto configured = sys::in_network_namespace(container_namespace, [&] { return configure(endpoint); });
  // The failure that counts is the first one.
  if (!configured) (void)unplug(endpoint, container_namespace);
  return configured;
}

Status unplug(const EndpointDescription &endpoint, int container_namespace) {
  return sys::in_network_namespace(container_namespace, [&]() -> Status {
    auto netlink = sys::Netlink::open();
    if (!netlink) return netlink.error();
    sys::NetlinkBatch batch;
    batch.delete_link(endpoint.interface_name.c_str());
    auto removed = netlink.value().run(batch);
    return !removed && removed.error().number == ENODEV ? Status() : removed;
  });
}

Status cut_off(const EndpointDescription &endpoint, int container_namespace) {
  return sys::in_network_namespace(container_namespace, [&]() -> Status {
    auto netlink = sys::Netlink::open();
    if (!netlink) return netlink.error();
    sys::NetlinkBatch batch;
    batch.set_down(endpoint.interface_name.c_str());
    return netlink.value().run(batch);
  });
}

Status route(const EndpointDescription &endpoint, int container_namespace) {
  return sys::in_network_namespace(container_namespace, [&] {
    return run_by_family(endpoint, [&](unsigned index, int family, sys::NetlinkBatch &batch) {
      add_default_route(endpoint, index, family, batch);
    });
  });
}

}  // namespace sampan
