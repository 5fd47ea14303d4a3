// SPDX-License-Identifier: Apache-2.0
#include "addon/net/dns_message.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "addon/net/dns_resolvers.h"
#include "addon/net/dns_server.h"
#include "addon/test/test.h"

namespace sampan::net {

namespace {

std::vector<uint8_t> query_for(const std::string &labels, uint16_t type) {
  std::vector<uint8_t> bytes = {0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0};
  bytes.insert(bytes.end(), labels.begin(), labels.end());
  bytes.push_back(0);
  for (const unsigned byte : {type >> 8, type & 0xFF, 0, 1}) bytes.push_back(static_cast<uint8_t>(byte));
  return bytes;
}

// As a message has a name, without its end.
std::string labels_of(std::string_view name) {
  std::string labels;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    labels += static_cast<char>(label.size());
    labels += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  return labels;
}

IpAddress v4(uint8_t last) {
  const uint8_t bytes[] = {10, 88, 0, last};
  return IpAddress::from_v4(bytes);
}

class OneContainer final : public DnsZone {
 public:
  bool find_name(const IpAddress &, std::string_view asked, std::vector<IpAddress> &addresses) override {
    if (asked != name) return false;
    addresses.push_back(v4(2));
    return true;
  }
  std::string find_address(const IpAddress &, const IpAddress &address) override {
    return address == v4(2) ? "web" : "";
  }
  const std::vector<IpAddress> &resolvers(const IpAddress &) override { return none_; }
  bool owns(const IpAddress &, const IpAddress &address) override { return IpPrefix::v4(v4(0), 16).contains(address); }

  std::string name = "web";

 private:
  std::vector<IpAddress> none_;
};

uint16_t answers_in(const std::vector<uint8_t> &bytes) { return static_cast<uint16_t>(bytes[6] << 8 | bytes[7]); }
unsigned code_of(const std::vector<uint8_t> &bytes) { return bytes[3] & 0xFU; }

}  // namespace

TEST("a query is read, its name in lower case") {
  const auto bytes = query_for("\3WwW\7Example", 1);
  const auto query = parse_dns_query(bytes);
  CHECK(query.has_value());
  CHECK(query->name == "www.example");
  CHECK(query->id == 0x1234);
  CHECK(query->type == DnsType::a && query->internet && query->recursion_desired);
}

TEST("every cut of a query is refused") {
  const auto bytes = query_for("\3web", 1);
  for (size_t size = 0; size < bytes.size(); ++size) CHECK(!parse_dns_query(DnsBytes(bytes).first(size)));
}

TEST("answers, several questions, compressed names and names that are too long are no queries") {
  auto answer = query_for("\3web", 1);
  answer[2] |= 0x80;
  CHECK(!parse_dns_query(answer));
  auto several = query_for("\3web", 1);
  several[5] = 2;
  CHECK(!parse_dns_query(several));
  CHECK(!parse_dns_query(query_for("\xC0\x0C", 1)));
  std::string long_name;
  for (int label = 0; label < 8; ++label) long_name += '\x3F' + std::string(63, 'x');
  CHECK(!parse_dns_query(query_for(long_name, 1)));
}

TEST("a name of the zone has its addresses, and none of a type it does not have") {
  OneContainer zone;
  const auto a = query_for("\3web", 1);
  const auto found = answer_from_zone(zone, v4(3), *parse_dns_query(a));
  CHECK(answers_in(found) == 1 && code_of(found) == 0);
  CHECK(found.size() > 4 && found[found.size() - 1] == 2 && found[found.size() - 4] == 10);
  const auto aaaa = query_for("\3web", 28);
  const auto empty = answer_from_zone(zone, v4(3), *parse_dns_query(aaaa));
  CHECK(answers_in(empty) == 0 && code_of(empty) == 0);
}

TEST("what the zone does not know is relayed") {
  OneContainer zone;
  const auto bytes = query_for("\7example\3org", 1);
  CHECK(answer_from_zone(zone, v4(3), *parse_dns_query(bytes)).empty());
}

// RFC 6763 4.1.1: names of services have such labels.
TEST("a name with a dot inside a label is nobody's here, and is relayed") {
  OneContainer zone;
  zone.name = "my.web";
  const auto ours = query_for("\2my\3web", 1);
  CHECK(answers_in(answer_from_zone(zone, v4(3), *parse_dns_query(ours))) == 1);
  const auto theirs = query_for("\6my.web", 1);
  const auto query = parse_dns_query(theirs);
  CHECK(query && answer_from_zone(zone, v4(3), *query).empty());
  const auto address = query_for("\0112.0.88.10\7in-addr\4arpa", 12);
  const auto reverse = parse_dns_query(address);
  CHECK(reverse && answer_from_zone(zone, v4(3), *reverse).empty());
}

TEST("addresses of the network are never looked up outside") {
  OneContainer zone;
  const auto answer_to = [&zone](std::string_view name) {
    return answer_from_zone(zone, v4(3), *parse_dns_query(query_for(labels_of(name), 12)));
  };
  CHECK(answers_in(answer_to("2.0.88.10.in-addr.arpa")) == 1);
  CHECK(code_of(answer_to("9.0.88.10.in-addr.arpa")) == 3);
  CHECK(answer_to("9.0.88.11.in-addr.arpa").empty());
}

TEST("reverse names of both families are read, and nothing else is") {
  CHECK(parse_reverse_name("2.0.88.10.in-addr.arpa") == v4(2));
  CHECK(!parse_reverse_name("2.0.88.in-addr.arpa"));
  CHECK(!parse_reverse_name("2.0.88.10.11.in-addr.arpa"));
  CHECK(!parse_reverse_name("256.0.88.10.in-addr.arpa"));
  CHECK(!parse_reverse_name("web"));
  std::string v6;
  for (int digit = 0; digit < 32; ++digit) v6 += digit == 0 ? "1." : "0.";
  uint8_t expected[16] = {};
  expected[15] = 1;
  CHECK(parse_reverse_name(v6 + "ip6.arpa") == IpAddress::from_v6(expected));
}

TEST("an answer has to be one to the question that was asked, with its id") {
  const auto bytes = query_for("\3web", 1);
  const auto query = *parse_dns_query(bytes);
  const IpAddress addresses[] = {v4(2)};
  auto answer = make_dns_answer(query, DnsCode::ok, addresses);
  CHECK(answers_dns_query(answer, query, 0x1234));
  CHECK(!answers_dns_query(answer, query, 0x1235));
  CHECK(!answers_dns_query(bytes, query, 0x1234));
  const auto other_bytes = query_for("\3web", 28);
  CHECK(!answers_dns_query(answer, *parse_dns_query(other_bytes), 0x1234));
  CHECK(!answers_dns_query(DnsBytes(answer).first(11), query, 0x1234));
}

TEST("resolv.conf names its servers, and the host itself when it names none") {
  const auto servers =
      parse_resolv_conf("# comment\nnameserver 10.88.0.7\nsearch x\n nameserver\tfd00::1 \nnameserver x\n");
  CHECK(servers.size() == 2 && servers[0] == v4(7) && !servers[1].is_v4());
  const auto none = parse_resolv_conf("");
  CHECK(none.size() == 1 && none[0].is_v4() && none[0].v4()[0] == 127);
}

}  // namespace sampan::net
