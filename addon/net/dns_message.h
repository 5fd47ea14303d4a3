// SPDX-License-Identifier: Apache-2.0
// DNS messages (RFC 1035), as far as a forwarder with a small zone of its own needs them. Both queries of containers
// and answers of the outside are hostile: nothing is read beyond the bytes given, and compression in questions is
// refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "addon/net/ip_address.h"

namespace sampan::net {

inline constexpr uint16_t kDnsPort = 53;
inline constexpr size_t kMaxDnsMessage = 65535;
// RFC 1035 4.2.1: what a datagram holds at least, and all that it does unless the query says more (RFC 6891).
inline constexpr size_t kMinDnsDatagram = 512;
// What reaches a container in one piece, by any link that IPv6 may have.
inline constexpr size_t kMaxDnsDatagram = 1232;

enum class DnsType : uint16_t { a = 1, ptr = 12, aaaa = 28, any = 255 };
enum class DnsCode : uint8_t { ok = 0, format = 1, failure = 2, no_name = 3, refused = 5 };

using DnsBytes = std::span<const uint8_t>;

// A standard query with exactly one question.
struct DnsQuery {
  uint16_t id = 0;
  bool recursion_desired = false;
  DnsType type = DnsType::a;
  bool internet = false;                   // class IN
  std::string name;                        // lower case, without the dot at the end
  bool has_odd_label = false;              // a dot inside a label: the name stands for nothing we know
  DnsBytes question;                       // as it stands in the message
  size_t most_answered = kMinDnsDatagram;  // how long an answer by datagram may be
};

// Nothing for what is no query: answers, other operations, several questions, malformed names.
std::optional<DnsQuery> parse_dns_query(DnsBytes message);

// Whether `answer` is one to `query` that was sent with this id.
bool answers_dns_query(DnsBytes answer, const DnsQuery &query, uint16_t id);

// The address that a reverse name (in-addr.arpa, ip6.arpa) stands for.
std::optional<IpAddress> parse_reverse_name(std::string_view name);

// An answer of our own. Addresses of the other family than the type asks for are left out.
std::vector<uint8_t> make_dns_answer(const DnsQuery &query, DnsCode code, std::span<const IpAddress> addresses = {},
                                     std::string_view pointer = {});

// Leaves out the records of our own answer that a datagram has no room for, and says so: who wants all asks by TCP.
void fit_dns_datagram(std::vector<uint8_t> &answer, const DnsQuery &query);

}  // namespace sampan::net
