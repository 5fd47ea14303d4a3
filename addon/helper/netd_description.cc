// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/netd_description.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

namespace sampan {

namespace {

constexpr size_t kMaxLines = 4096;
constexpr size_t kMaxWords = 5;
constexpr size_t kMaxName = 255;
constexpr size_t kMaxEndpoints = 32;
constexpr size_t kMaxPublished = 4096;

template <typename Number>
std::optional<Number> parse_number(std::string_view text, Number highest) {
  Number number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || number > highest) return std::nullopt;
  return number;
}

std::optional<bool> parse_flag(std::string_view text) {
  const auto number = parse_number<unsigned>(text, 1);
  return number ? std::optional(*number == 1) : std::nullopt;
}

std::optional<sys::InterfaceAddress> parse_address(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated) return std::nullopt;
  terminated[text.copy(terminated, text.size())] = '\0';
  sys::InterfaceAddress address;
  address.family = text.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  if (::inet_pton(address.family, terminated, address.bytes) != 1) return std::nullopt;
  return address;
}

std::optional<sys::InterfaceAddress> parse_prefix(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto length = parse_number<uint8_t>(text.substr(slash + 1), address->family == AF_INET ? 32 : 128);
  if (!length) return std::nullopt;
  address->prefix_length = *length;
  return address;
}

std::optional<sys::MacAddress> parse_mac(std::string_view text) {
  sys::MacAddress mac;
  constexpr size_t kLength = 17;
  if (text.size() != kLength) return std::nullopt;
  for (size_t i = 0; i < sizeof mac.bytes; ++i) {
    const char *at = text.data() + i * 3;
    const auto parsed = std::from_chars(at, at + 2, mac.bytes[i], 16);
    if (parsed.ec != std::errc() || parsed.ptr != at + 2) return std::nullopt;
    if (i + 1 < sizeof mac.bytes && at[2] != ':') return std::nullopt;
  }
  return mac;
}

std::optional<net::PortRange> parse_ports(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_number<uint16_t>(text.substr(0, dash), UINT16_MAX);
  const auto last = parse_number<uint16_t>(text.substr(dash + 1), UINT16_MAX);
  if (!first || !last || *first > *last) return std::nullopt;
  return net::PortRange{*first, *last};
}

// A name as it can stand in a line, in a path and in JSON.
bool is_word(std::string_view text) {
  if (text.empty() || text.size() > kMaxName || text.find('/') != std::string_view::npos) return false;
  return std::ranges::none_of(text, [](char character) {
    return character <= ' ' || character == '\x7f' || character == '"' || character == '\\';
  });
}

bool is_interface_name(std::string_view text) { return is_word(text) && text.size() < IFNAMSIZ; }

class Parser {
 public:
  // False: the line means nothing.
  bool take(std::string_view line) {
    std::string_view words[kMaxWords];
    size_t count = 0;
    while (!line.empty()) {
      if (count == kMaxWords) return false;
      const size_t end = line.find(' ');
      words[count++] = line.substr(0, end);
      line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
    }
    if (count < 2) return false;
    for (const Rule &rule : kRules) {
      if (rule.word == words[0]) return rule.words == count && (this->*rule.read)(Words(words, count));
    }
    return false;
  }

  bool complete() const { return !container.id.empty() && !network_open_; }

  ContainerDescription container;

 private:
  using Words = std::span<const std::string_view>;
  struct Rule {
    std::string_view word;
    size_t words;
    bool (Parser::*read)(Words);
  };
  static const Rule kRules[13];

  template <typename Value>
  static bool append(std::vector<Value> &list, std::optional<Value> value) {
    if (!value) return false;
    list.push_back(std::move(*value));
    return true;
  }
  static std::optional<net::IpAddress> ip(std::string_view text) {
    const auto address = parse_address(text);
    return address ? std::optional(to_ip_address(*address)) : std::nullopt;
  }
  static std::optional<std::string> word(std::string_view text) {
    return is_word(text) ? std::optional<std::string>(text) : std::nullopt;
  }
  EndpointDescription *endpoint() {
    return network_open_ || container.endpoints.empty() ? nullptr : &container.endpoints.back();
  }

  bool read_container(Words words) {
    if (!container.id.empty() || !is_word(words[1])) return false;
    container.id = words[1];
    return true;
  }
  bool read_hostname(Words words) { return append(container.hostnames, word(words[1])); }
  bool read_resolver(Words words) { return append(container.resolvers, ip(words[1])); }
  bool read_network(Words words) {
    const auto mtu = parse_number<uint32_t>(words[2], 65535);
    const auto internal = parse_flag(words[3]);
    constexpr uint32_t kSmallestMtu = 68;  // RFC 791
    if (network_open_ || !is_word(words[1]) || !mtu || *mtu < kSmallestMtu || !internal) return false;
    if (container.endpoints.size() == kMaxEndpoints) return false;
    auto &network = container.endpoints.emplace_back().network;
    network.id = words[1];
    network.mtu = *mtu;
    network.internal = *internal;
    network_open_ = true;
    return true;
  }
  bool read_called(Words words) {
    if (!network_open_ || !is_word(words[1])) return false;
    network().name = words[1];
    return true;
  }
  bool read_ipv6_names(Words words) {
    const auto wanted = parse_flag(words[1]);
    if (!network_open_ || !wanted) return false;
    network().ipv6_names = *wanted;
    return true;
  }
  bool read_gateway(Words words) { return network_open_ && append(network().gateways, parse_prefix(words[1])); }
  bool read_alias(Words words) { return network_open_ && append(network().host_aliases, ip(words[1])); }
  bool read_open(Words words) {
    return network_open_ && network().open_ports.size() < net::Policy::kMaxRanges &&
           append(network().open_ports, parse_ports(words[1]));
  }
  bool read_endpoint(Words words) {
    const auto mac = parse_mac(words[2]);
    const auto default_route = parse_flag(words[3]);
    if (!network_open_ || !is_interface_name(words[1]) || !mac || !default_route) return false;
    auto &made = container.endpoints.back();
    made.interface_name = words[1];
    made.mac = *mac;
    made.default_route = *default_route;
    network_open_ = false;
    return true;
  }
  bool read_address(Words words) {
    return endpoint() != nullptr && append(endpoint()->addresses, parse_prefix(words[1]));
  }
  bool read_name(Words words) { return endpoint() != nullptr && append(endpoint()->names, word(words[1])); }

  bool read_publish(Words words) {
    const auto ports = parse_ports(words[3]);
    const auto inside =
        parse_ports(words[4].find('-') == std::string_view::npos ? std::string(words[4]) + '-' + std::string(words[4])
                                                                 : std::string(words[4]));
    const bool is_udp = words[1] == "udp";
    if (endpoint() == nullptr || (!is_udp && words[1] != "tcp") || !ports || !inside || inside->first == 0)
      return false;
    PublishDescription made{.is_udp = is_udp, .host_addresses = {}, .host_ports = *ports, .container_port = 0};
    for (std::string_view rest = words[2]; !rest.empty();) {
      const size_t comma = rest.find(',');
      if (!append(made.host_addresses, ip(rest.substr(0, comma)))) return false;
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    return add_published(made, *inside);
  }

  bool add_published(const PublishDescription &made, const net::PortRange &inside) {
    const int count = inside.last - inside.first + 1;
    const bool any = made.host_ports.last == 0;
    if (count > 1 && !any && made.host_ports.last - made.host_ports.first + 1 != count) return false;
    auto &published = endpoint()->published;
    if (published.size() + static_cast<size_t>(count) > kMaxPublished) return false;
    for (int i = 0; i < count; ++i) {
      auto &port = published.emplace_back(made);
      port.container_port = static_cast<uint16_t>(inside.first + i);
      if (count == 1 || any) continue;
      port.host_ports.first = port.host_ports.last = static_cast<uint16_t>(made.host_ports.first + i);
    }
    return true;
  }

  NetworkDescription &network() { return container.endpoints.back().network; }

  bool network_open_ = false;  // a network line without its endpoint line
};

const Parser::Rule Parser::kRules[] = {
    {"container", 2, &Parser::read_container}, {"hostname", 2, &Parser::read_hostname},
    {"resolver", 2, &Parser::read_resolver},   {"network", 4, &Parser::read_network},
    {"called", 2, &Parser::read_called},       {"ipv6names", 2, &Parser::read_ipv6_names},
    {"gateway", 2, &Parser::read_gateway},     {"alias", 2, &Parser::read_alias},
    {"open", 2, &Parser::read_open},           {"endpoint", 4, &Parser::read_endpoint},
    {"address", 2, &Parser::read_address},     {"name", 2, &Parser::read_name},
    {"publish", 5, &Parser::read_publish},
};

std::string to_text(int family, const uint8_t *bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(family, bytes, text, sizeof text);
  return text;
}

std::string to_text(const net::IpAddress &address) {
  return address.is_v4() ? to_text(AF_INET, address.v4()) : to_text(AF_INET6, address.bytes);
}

std::string to_text(const sys::InterfaceAddress &address) {
  return to_text(address.family, address.bytes) + '/' + std::to_string(address.prefix_length);
}

std::string to_text(const sys::MacAddress &mac) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : mac.bytes) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text;
}

const char *to_text(bool flag) { return flag ? "1" : "0"; }

// Whether both can stand in one line.
bool goes_on(const PublishDescription &port, const PublishDescription &next) {
  const auto &[first, last] = port.host_ports;
  const int step = last == 0 ? 0 : 1;
  return first == last && next.is_udp == port.is_udp && next.container_port == port.container_port + 1 &&
         next.host_ports.first == first + step && next.host_ports.last == last + step &&
         next.host_addresses == port.host_addresses;
}

// Ports that follow each other, from `port` to `last`.
std::string to_text(const PublishDescription &port, const PublishDescription &last) {
  std::string text = port.is_udp ? "udp " : "tcp ";
  for (size_t i = 0; i < port.host_addresses.size(); ++i) {
    if (i > 0) text += ',';
    text += to_text(port.host_addresses[i]);
  }
  text += ' ' + std::to_string(port.host_ports.first) + '-' + std::to_string(last.host_ports.last) + ' ' +
          std::to_string(port.container_port);
  return last.container_port == port.container_port ? text : text + '-' + std::to_string(last.container_port);
}

void format_endpoint(std::string &text, const EndpointDescription &endpoint) {
  const NetworkDescription &network = endpoint.network;
  text += "network " + network.id + ' ' + std::to_string(network.mtu) + ' ' + to_text(network.internal) + '\n';
  if (!network.name.empty()) text += "called " + network.name + '\n';
  if (network.ipv6_names) text += "ipv6names 1\n";
  for (const auto &gateway : network.gateways) text += "gateway " + to_text(gateway) + '\n';
  for (const auto &alias : network.host_aliases) text += "alias " + to_text(alias) + '\n';
  for (const auto &[first, last] : network.open_ports) {
    text += "open " + std::to_string(first) + '-' + std::to_string(last) + '\n';
  }
  text += "endpoint " + endpoint.interface_name + ' ' + to_text(endpoint.mac) + ' ' + to_text(endpoint.default_route) +
          '\n';
  for (const auto &address : endpoint.addresses) text += "address " + to_text(address) + '\n';
  for (const auto &name : endpoint.names) text += "name " + name + '\n';
  const auto &published = endpoint.published;
  for (size_t first = 0, last = 0; first < published.size(); first = ++last) {
    while (last + 1 < published.size() && goes_on(published[last], published[last + 1])) ++last;
    text += "publish " + to_text(published[first], published[last]) + '\n';
  }
}

}  // namespace

Result<ContainerDescription> parse_description(std::string_view text) {
  Parser parser;
  for (size_t lines = 0; !text.empty(); ++lines) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (lines == kMaxLines || !parser.take(line)) return Error{EINVAL, "description", std::string(line)};
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  if (!parser.complete()) return Error{EINVAL, "description", "incomplete"};
  return std::move(parser.container);
}

std::string format_description(const ContainerDescription &container) {
  std::string text = "container " + container.id + '\n';
  for (const auto &name : container.hostnames) text += "hostname " + name + '\n';
  for (const auto &resolver : container.resolvers) text += "resolver " + to_text(resolver) + '\n';
  for (const auto &endpoint : container.endpoints) format_endpoint(text, endpoint);
  return text;
}

std::string published_lines(std::string_view description) {
  std::string lines;
  while (!description.empty()) {
    const size_t size = std::min(description.find('\n'), description.size() - 1) + 1;
    if (description.starts_with("publish ")) lines += description.substr(0, size);
    description.remove_prefix(size);
  }
  return lines;
}

net::IpAddress to_ip_address(const sys::InterfaceAddress &address) {
  return address.family == AF_INET ? net::IpAddress::from_v4(address.bytes) : net::IpAddress::from_v6(address.bytes);
}

net::IpPrefix to_ip_prefix(const sys::InterfaceAddress &address) {
  const net::IpAddress ip = to_ip_address(address);
  return address.family == AF_INET ? net::IpPrefix::v4(ip, address.prefix_length)
                                   : net::IpPrefix{ip, address.prefix_length};
}

}  // namespace sampan
