// SPDX-License-Identifier: Apache-2.0
#include "addon/net/dns_message.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "addon/net/bytes.h"

namespace sampan::net {

namespace {

constexpr size_t kHeaderSize = 12;
constexpr uint16_t kAnswerFlag = 0x8000;
constexpr uint16_t kOperationMask = 0x7800;
constexpr uint16_t kAuthoritativeFlag = 0x0400;
constexpr uint16_t kTruncatedFlag = 0x0200;
constexpr uint16_t kRecursionDesired = 0x0100;
constexpr uint16_t kRecursionAvailable = 0x0080;
constexpr uint16_t kClassInternet = 1;
constexpr size_t kMaxName = 255;
constexpr uint8_t kMaxLabel = 63;
constexpr uint32_t kTtlSeconds = 5;  // names come and go with containers

char to_lower(uint8_t byte) { return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte); }

// Reads the name at `at` into the query and moves behind it.
bool read_name(DnsBytes message, size_t &at, DnsQuery &query) {
  std::string &name = query.name;
  for (;;) {
    if (at >= message.size()) return false;
    const uint8_t length = message[at++];
    if (length == 0) return true;
    if (length > kMaxLabel || length > message.size() - at || name.size() + length + 1 > kMaxName) return false;
    if (!name.empty()) name += '.';
    for (const uint8_t byte : message.subspan(at, length)) {
      query.has_odd_label |= byte == '.';
      name += to_lower(byte);
    }
    at += length;
  }
}

void append16(std::vector<uint8_t> &bytes, size_t value) {
  bytes.push_back(static_cast<uint8_t>(value >> 8));
  bytes.push_back(static_cast<uint8_t>(value));
}

// The name of every answer is that of the question, which stands right behind the header.
void append_record(std::vector<uint8_t> &bytes, DnsType type, std::span<const uint8_t> data) {
  constexpr uint16_t kPointerToQuestion = 0xC000 | kHeaderSize;
  append16(bytes, kPointerToQuestion);
  append16(bytes, static_cast<uint16_t>(type));
  append16(bytes, kClassInternet);
  append16(bytes, kTtlSeconds >> 16);
  append16(bytes, kTtlSeconds & 0xFFFF);
  append16(bytes, data.size());
  bytes.insert(bytes.end(), data.begin(), data.end());
}

// RFC 6891 6.1.2: the record that says how long an answer may be, right behind the question.
size_t most_answered(DnsBytes message, size_t at) {
  constexpr uint8_t kOption[] = {0, 0, 41};  // the root's name, and the type
  const DnsBytes rest = message.subspan(at);
  const bool is_there = load32(message.data() + 6) == 0 && load16(message.data() + 10) != 0 &&
                        rest.size() >= sizeof kOption + 2 &&
                        std::equal(kOption, kOption + sizeof kOption, rest.begin());
  return is_there ? std::clamp<size_t>(load16(&rest[sizeof kOption]), kMinDnsDatagram, kMaxDnsDatagram)
                  : kMinDnsDatagram;
}

std::vector<uint8_t> to_wire(std::string_view name) {
  std::vector<uint8_t> wire;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > kMaxLabel) return {};
    wire.push_back(static_cast<uint8_t>(label.size()));
    wire.insert(wire.end(), label.begin(), label.end());
    name.remove_prefix(label.size() == name.size() ? label.size() : label.size() + 1);
  }
  wire.push_back(0);
  return wire;
}

template <typename Number>
std::optional<Number> parse_label(std::string_view &name, int base, Number highest) {
  const std::string_view label = name.substr(0, name.find('.'));
  unsigned number = 0;
  const auto parsed = std::from_chars(label.data(), label.data() + label.size(), number, base);
  if (label.empty() || parsed.ec != std::errc() || parsed.ptr != label.data() + label.size() || number > highest) {
    return std::nullopt;
  }
  name.remove_prefix(label.size() == name.size() ? label.size() : label.size() + 1);
  return static_cast<Number>(number);
}

}  // namespace

std::optional<DnsQuery> parse_dns_query(DnsBytes message) {
  if (message.size() < kHeaderSize) return std::nullopt;
  const uint16_t flags = load16(message.data() + 2);
  if ((flags & (kAnswerFlag | kOperationMask)) != 0 || load16(message.data() + 4) != 1) return std::nullopt;
  size_t at = kHeaderSize;
  DnsQuery query;
  constexpr size_t kTypeAndClass = 4;
  if (!read_name(message, at, query) || message.size() - at < kTypeAndClass) return std::nullopt;
  query.id = load16(message.data());
  query.recursion_desired = (flags & kRecursionDesired) != 0;
  query.type = static_cast<DnsType>(load16(message.data() + at));
  query.internet = load16(message.data() + at + 2) == kClassInternet;
  query.question = message.subspan(kHeaderSize, at + kTypeAndClass - kHeaderSize);
  query.most_answered = most_answered(message, at + kTypeAndClass);
  return query;
}

bool answers_dns_query(DnsBytes answer, const DnsQuery &query, uint16_t id) {
  if (answer.size() < kHeaderSize || load16(answer.data()) != id) return false;
  if ((load16(answer.data() + 2) & kAnswerFlag) == 0) return false;
  // An error may come without the question.
  if (load16(answer.data() + 4) == 0) return true;
  if (answer.size() - kHeaderSize < query.question.size()) return false;
  for (size_t i = 0; i < query.question.size(); ++i) {
    if (to_lower(answer[kHeaderSize + i]) != to_lower(query.question[i])) return false;
  }
  return true;
}

std::optional<IpAddress> parse_reverse_name(std::string_view name) {
  constexpr std::string_view kV4 = ".in-addr.arpa";
  constexpr std::string_view kV6 = ".ip6.arpa";
  if (name.ends_with(kV4)) {
    name.remove_suffix(kV4.size());
    uint8_t bytes[4];
    for (size_t i = sizeof bytes; i-- > 0;) {
      const auto byte = parse_label<uint8_t>(name, 10, UINT8_MAX);
      if (!byte) return std::nullopt;
      bytes[i] = *byte;
    }
    return name.empty() ? std::optional(IpAddress::from_v4(bytes)) : std::nullopt;
  }
  if (!name.ends_with(kV6)) return std::nullopt;
  name.remove_suffix(kV6.size());
  uint8_t bytes[16];
  for (size_t i = sizeof bytes; i-- > 0;) {
    const auto low = parse_label<uint8_t>(name, 16, 15);
    const auto high = low ? parse_label<uint8_t>(name, 16, 15) : std::nullopt;
    if (!high) return std::nullopt;
    bytes[i] = static_cast<uint8_t>(*high << 4 | *low);
  }
  return name.empty() ? std::optional(IpAddress::from_v6(bytes)) : std::nullopt;
}

std::vector<uint8_t> make_dns_answer(const DnsQuery &query, DnsCode code, std::span<const IpAddress> addresses,
                                     std::string_view pointer) {
  std::vector<uint8_t> bytes;
  append16(bytes, query.id);
  const uint16_t flags = kAnswerFlag | kRecursionAvailable | (code == DnsCode::ok ? kAuthoritativeFlag : 0) |
                         (query.recursion_desired ? kRecursionDesired : 0) | static_cast<uint16_t>(code);
  append16(bytes, flags);
  append16(bytes, 1);
  for (int count = 0; count < 3; ++count) append16(bytes, 0);
  bytes.insert(bytes.end(), query.question.begin(), query.question.end());
  uint16_t answers = 0;
  for (const IpAddress &address : addresses) {
    const bool v4 = address.is_v4();
    if (query.type != (v4 ? DnsType::a : DnsType::aaaa) && query.type != DnsType::any) continue;
    append_record(bytes, v4 ? DnsType::a : DnsType::aaaa,
                  v4 ? std::span(address.v4(), 4) : std::span<const uint8_t>(address.bytes));
    ++answers;
  }
  if (!pointer.empty()) {
    append_record(bytes, DnsType::ptr, to_wire(pointer));
    ++answers;
  }
  store16(bytes.data() + 6, answers);
  return bytes;
}

void fit_dns_datagram(std::vector<uint8_t> &answer, const DnsQuery &query) {
  if (answer.size() <= query.most_answered) return;
  constexpr size_t kRecordHead = 12;  // a pointer for its name
  uint16_t records = 0;
  size_t end = kHeaderSize + query.question.size();
  for (size_t next = end; next <= query.most_answered; ++records) {
    end = next;
    next += kRecordHead + load16(&answer[next + kRecordHead - 2]);
  }
  answer.resize(end);
  answer[2] |= kTruncatedFlag >> 8;
  store16(answer.data() + 6, records - 1U);
}

}  // namespace sampan::net
