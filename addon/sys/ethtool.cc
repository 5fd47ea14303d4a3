// SPDX-License-Identifier: Apache-2.0
#include "addon/sys/ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "addon/sys/unique_fd.h"

namespace sampan::sys {

namespace {

constexpr uint32_t kBitsPerBlock = 32;

// The kernel's structures end in an array: memory for `size` bytes behind one of them.
template <typename Head>
class Request {
 public:
  explicit Request(size_t size) : words_((sizeof(Head) + size + sizeof(uint64_t) - 1) / sizeof(uint64_t)) {}
  Head &operator*() { return *reinterpret_cast<Head *>(words_.data()); }
  Head *operator->() { return &**this; }

 private:
  std::vector<uint64_t> words_;
};

class Device {
 public:
  explicit Device(const char *name) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), name_(name) {}

  // Below 0: as ioctl(2).
  template <typename Head>
  int ask(Request<Head> &request) const {
    struct ifreq frame = {};
    if (std::strlen(name_) >= sizeof frame.ifr_name) {
      errno = ENAMETOOLONG;
      return -1;
    }
    std::memcpy(frame.ifr_name, name_, std::strlen(name_));
    frame.ifr_data = reinterpret_cast<char *>(&*request);
    return ::ioctl(socket_.get(), SIOCETHTOOL, &frame);
  }

 private:
  unique_fd socket_;
  const char *name_;
};

// How many features this kernel knows; 0: it does not say.
uint32_t count_features(const Device &device) {
  Request<ethtool_sset_info> request(sizeof(uint32_t));
  request->cmd = ETHTOOL_GSSET_INFO;
  request->sset_mask = 1ULL << ETH_SS_FEATURES;
  return device.ask(request) < 0 || request->sset_mask == 0 ? 0 : request->data[0];
}

// `count`: there is none of that name.
uint32_t find_feature(const Device &device, uint32_t count, std::string_view wanted) {
  Request<ethtool_gstrings> names(size_t{count} * ETH_GSTRING_LEN);
  names->cmd = ETHTOOL_GSTRINGS;
  names->string_set = ETH_SS_FEATURES;
  names->len = count;
  if (device.ask(names) < 0) return count;
  for (uint32_t i = 0; i < count; ++i) {
    const char *name = reinterpret_cast<const char *>(names->data) + size_t{i} * ETH_GSTRING_LEN;
    if (std::string_view(name, ::strnlen(name, ETH_GSTRING_LEN)) == wanted) return i;
  }
  return count;
}

}  // namespace

// #syscalls: socket ioctl
Status set_feature(const char *interface_name, std::string_view feature, bool on) {
  const Device device(interface_name);
  const uint32_t count = count_features(device);
  const uint32_t bit = find_feature(device, count, feature);
  if (bit >= count) return Error{EOPNOTSUPP, "ioctl SIOCETHTOOL", interface_name};
  const uint32_t blocks = (count + kBitsPerBlock - 1) / kBitsPerBlock;
  Request<ethtool_sfeatures> request(size_t{blocks} * sizeof(ethtool_set_features_block));
  request->cmd = ETHTOOL_SFEATURES;
  request->size = blocks;
  ethtool_set_features_block &block = request->features[bit / kBitsPerBlock];
  block.valid = 1U << bit % kBitsPerBlock;
  block.requested = on ? block.valid : 0;
  const int outcome = device.ask(request);
  if (outcome < 0) return last_error("ioctl SIOCETHTOOL", interface_name);
  // What it could not change is no error to the kernel.
  if ((outcome & (ETHTOOL_F_UNSUPPORTED | ETHTOOL_F_WISH)) != 0)
    return Error{EOPNOTSUPP, "ioctl SIOCETHTOOL", interface_name};
  return {};
}

}  // namespace sampan::sys
