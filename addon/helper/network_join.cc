// SPDX-License-Identifier: Apache-2.0
// Datagrams that containers send one by one reach the tun joined, many in one frame: the bridge, the route, the tun and
// netd are passed once for all of them.
//
// How this works: the kernel joins datagrams on the network's end of a veth (GRO, "rx-udp-gro-forwarding", Linux 5.12),
// but only those that it finds there at once, and its software interrupt takes each as soon as it was sent. A kernel
// thread that does this work instead ("threaded", Linux 5.12) finds what came while it was busy or not on a processor:
// the more there is, the more is joined. Only UDP goes that way: TCP, whose segments are large already, passes a veth
// without NAPI (veth_skb_is_eligible_for_gro() in drivers/net/veth.c). "threaded" is a file of the sysfs of the
// network's namespace, which is mounted for the moment, in a mount namespace of the visitor's own. Where that is not
// allowed (a masked /sys), nothing is changed. gro_flush_timeout and napi_defer_hard_irqs would do the same without a
// thread, but are for the root of the machine only.
#include <net/if.h>
#include <sched.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string>

#include "addon/helper/mount_tree.h"
#include "addon/helper/network_setup.h"
#include "addon/sys/ethtool.h"
#include "addon/sys/file.h"
#include "addon/sys/mount.h"
#include "addon/sys/network_namespace.h"

namespace sampan {

namespace {

constexpr const char *kFeature = "rx-udp-gro-forwarding";

// #syscalls: unshare fsopen fsconfig fsmount
Result<unique_fd> mount_sysfs() {
  if (::unshare(CLONE_NEWNS) != 0) return last_error("unshare", "mount namespace");
  auto files = FileSystem::open("sysfs");
  if (!files) return files.error();
  return files.value().mount(sys::kMountAttrNosuid | sys::kMountAttrNodev | sys::kMountAttrNoexec);
}

// As network_setup.cc names them.
bool is_port(const char *name) {
  const std::string_view digits = std::string_view(name).substr(1);
  return name[0] == 'v' && !digits.empty() &&
         std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Without the thread the feature only costs time.
Status join_on(const std::string &sysfs, const char *port, bool on) {
  if (auto set = sys::set_feature(port, kFeature, on); !set) return set;
  const std::string threaded = sysfs + "/devices/virtual/net/" + port + "/threaded";
  auto written = sys::write_kernel_file(threaded.c_str(), on ? "1" : "0");
  if (!written && on) (void)sys::set_feature(port, kFeature, false);
  return written;
}

// In the network's namespace. One port that fails may have gone meanwhile; it is an error when all of them do.
Status join_on_all_ports(bool on) {
  const auto sysfs = mount_sysfs();
  if (!sysfs) return sysfs.error();
  const std::string path = descriptor_path(sysfs.value().get());
  using Names = std::unique_ptr<struct if_nameindex[], decltype(&::if_freenameindex)>;
  const Names names(::if_nameindex(), &::if_freenameindex);
  if (!names) return last_error("if_nameindex");
  Status outcome;
  unsigned done = 0;
  for (const struct if_nameindex *one = names.get(); one->if_index != 0; ++one) {
    if (!is_port(one->if_name)) continue;
    if (auto joined = join_on(path, one->if_name, on)) {
      ++done;
    } else {
      outcome = joined;
    }
  }
  return done > 0 ? Status() : outcome;
}

}  // namespace

Status join_datagrams(int network_namespace, bool on) {
  return sys::in_network_namespace(network_namespace, [on] { return join_on_all_ports(on); });
}

}  // namespace sampan
