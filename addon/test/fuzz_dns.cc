// SPDX-License-Identifier: Apache-2.0
// libFuzzer: DNS messages of containers and of the outside, reverse names, resolv.conf, descriptions.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "addon/helper/netd_description.h"
#include "addon/net/dns_message.h"
#include "addon/net/dns_resolvers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace sampan;
  const net::DnsBytes bytes(data, size);
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  if (const auto query = net::parse_dns_query(bytes)) {
    const auto answer = net::make_dns_answer(*query, net::DnsCode::ok, {}, query->name);
    // What we answer has to be an answer to what was asked.
    if (!net::answers_dns_query(answer, *query, query->id)) std::abort();
    (void)net::parse_reverse_name(query->name);
    (void)net::answers_dns_query(bytes.subspan(size / 2), *query, query->id);
  }
  (void)net::parse_reverse_name(text);
  (void)net::parse_resolv_conf(text);
  if (const auto parsed = parse_description(text)) {
    // What was read is written so that it can be read again.
    if (!parse_description(format_description(parsed.value()))) std::abort();
  }
  return 0;
}
