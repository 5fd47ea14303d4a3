// SPDX-License-Identifier: Apache-2.0
#include "addon/sys/nftables.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#include "addon/sys/netlink_socket.h"

namespace sampan::sys {

namespace {

constexpr const char *kTable = "sampan";
constexpr const char *kChain = "sockets";
// NF_IP_PRI_MANGLE: before routing.
constexpr int32_t kPriority = -150;

constexpr size_t aligned(size_t size) { return (size + NLMSG_ALIGNTO - 1) & ~size_t{NLMSG_ALIGNTO - 1}; }

// A transaction: all of it or nothing. Numbers are big-endian.
class Transaction {
 public:
  Transaction() { put_mark(NFNL_MSG_BATCH_BEGIN); }

  void begin(uint16_t type, uint16_t flags) {
    message((NFNL_SUBSYS_NFTABLES << 8) | type, flags | NLM_F_ACK, NFPROTO_INET, 0);
    ++wanted_;
  }
  void end() {
    const auto length = static_cast<uint32_t>(bytes_.size() - start_);
    std::memcpy(bytes_.data() + start_, &length, sizeof length);
  }
  void text(uint16_t type, std::string_view value) {
    // With its NUL.
    put(type, value.data(), value.size() + 1);
  }
  void number(uint16_t type, uint32_t value) {
    const uint32_t swapped = htonl(value);
    put(type, &swapped, sizeof swapped);
  }
  void put(uint16_t type, const void *value, size_t size) {
    const size_t at = bytes_.size();
    bytes_.resize(at + NLA_HDRLEN + aligned(size));
    const struct nlattr header = {static_cast<uint16_t>(NLA_HDRLEN + size), type};
    std::memcpy(bytes_.data() + at, &header, sizeof header);
    if (size > 0) std::memcpy(bytes_.data() + at + NLA_HDRLEN, value, size);
  }
  template <typename Fill>
  void nest(uint16_t type, Fill fill) {
    const size_t at = bytes_.size();
    put(type | NLA_F_NESTED, nullptr, 0);
    fill();
    const auto length = static_cast<uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &length, sizeof length);
  }
  template <typename Fill>
  void expression(std::string_view name, Fill fill) {
    nest(NFTA_LIST_ELEM, [&] {
      text(NFTA_EXPR_NAME, name);
      nest(NFTA_EXPR_DATA, fill);
    });
  }
  // The rule goes on when register 1 has this value.
  void expect(const void *value, size_t size) {
    expression("cmp", [&] {
      number(NFTA_CMP_SREG, NFT_REG_1);
      number(NFTA_CMP_OP, NFT_CMP_EQ);
      nest(NFTA_CMP_DATA, [&] { put(NFTA_DATA_VALUE, value, size); });
    });
  }

  Status run();

 private:
  void put_mark(uint16_t type) {
    message(type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    end();
  }
  void message(int type, int flags, uint8_t family, uint16_t resource) {
    start_ = bytes_.size();
    bytes_.resize(start_ + NLMSG_HDRLEN + sizeof(struct nfgenmsg));
    struct nlmsghdr header = {};
    header.nlmsg_type = static_cast<uint16_t>(type);
    header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
    const struct nfgenmsg body = {family, NFNETLINK_V0, htons(resource)};
    std::memcpy(bytes_.data() + start_, &header, sizeof header);
    std::memcpy(bytes_.data() + start_ + NLMSG_HDRLEN, &body, sizeof body);
  }
  std::vector<std::byte> bytes_;
  size_t start_ = 0;
  size_t wanted_ = 0;
};

// A failure may be all that comes: a kernel without nf_tables answers one request only.
Status Transaction::run() {
  put_mark(NFNL_MSG_BATCH_END);
  auto socket = NetlinkSocket::open(NETLINK_NETFILTER, "nf_tables");
  if (!socket) return socket.error();
  if (auto sent = socket.value().send(bytes_); !sent) return sent;
  for (size_t answered = 0; answered < wanted_;) {
    const auto received = socket.value().receive();
    if (!received) return received.error();
    if (received.value().error != 0) return Error{received.value().error, "nf_tables", kTable};
    answered += received.value().count;
  }
  return {};
}

void add_chain(Transaction &transaction) {
  transaction.begin(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
  transaction.text(NFTA_TABLE_NAME, kTable);
  transaction.end();
  transaction.begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
  transaction.text(NFTA_CHAIN_TABLE, kTable);
  transaction.text(NFTA_CHAIN_NAME, kChain);
  transaction.nest(NFTA_CHAIN_HOOK, [&] {
    transaction.number(NFTA_HOOK_HOOKNUM, NF_INET_PRE_ROUTING);
    transaction.number(NFTA_HOOK_PRIORITY, static_cast<uint32_t>(kPriority));
  });
  transaction.text(NFTA_CHAIN_TYPE, "filter");
  transaction.end();
}

}  // namespace

Status mark_packets_of_sockets(uint32_t socket_mark, uint32_t packet_mark) {
  Transaction transaction;
  add_chain(transaction);
  transaction.begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
  transaction.text(NFTA_RULE_TABLE, kTable);
  transaction.text(NFTA_RULE_CHAIN, kChain);
  transaction.nest(NFTA_RULE_EXPRESSIONS, [&] {
    constexpr uint8_t kProtocol = IPPROTO_TCP;
    transaction.expression("meta", [&] {
      transaction.number(NFTA_META_KEY, NFT_META_L4PROTO);
      transaction.number(NFTA_META_DREG, NFT_REG_1);
    });
    transaction.expect(&kProtocol, sizeof kProtocol);
    transaction.expression("socket", [&] {
      transaction.number(NFTA_SOCKET_KEY, NFT_SOCKET_MARK);
      transaction.number(NFTA_SOCKET_DREG, NFT_REG_1);
    });
    // Marks are in the host's byte order.
    transaction.expect(&socket_mark, sizeof socket_mark);
    transaction.expression("immediate", [&] {
      transaction.number(NFTA_IMMEDIATE_DREG, NFT_REG_1);
      transaction.nest(NFTA_IMMEDIATE_DATA,
                       [&] { transaction.put(NFTA_DATA_VALUE, &packet_mark, sizeof packet_mark); });
    });
    transaction.expression("meta", [&] {
      transaction.number(NFTA_META_KEY, NFT_META_MARK);
      transaction.number(NFTA_META_SREG, NFT_REG_1);
    });
  });
  transaction.end();
  return transaction.run();
}

}  // namespace sampan::sys
