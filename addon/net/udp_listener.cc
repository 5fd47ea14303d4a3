// SPDX-License-Identifier: Apache-2.0
#include "addon/net/udp_listener.h"

#include <sys/socket.h>

#include <utility>

#include "addon/net/error_queue.h"

namespace sampan::net {

namespace {

// A client that was never answered may not be there at all.
constexpr uint64_t kUnansweredMs = 30'000;
constexpr uint64_t kIdleMs = 180'000;
// Of one socket, so that the others get their share; epoll calls again.
constexpr int kBatchesPerTurn = 4;

uint64_t lifetime_ms(const InboundFlow &flow) { return flow.answered ? kIdleMs : kUnansweredMs; }

}  // namespace

void InboundFlow::ready(uint32_t events) {
  if ((events & EPOLLERR) != 0) port.refused(*this);
  port.answer(*this);
}
void InboundFlow::expired() { port.check_idle(*this); }

UdpListener::UdpListener(PublisherCore &core, const PublishedPort &published, unique_fd socket)
    : PublishedSocket(published),
      core_(core),
      socket_(std::move(socket)),
      target_(published.container, published.container_port) {
  DatagramBatch::prepare(socket_.get(), published.host_address.is_v4() ? AF_INET : AF_INET6);
}

// Datagrams of one client that follow each other go with one system call.
void UdpListener::ready(uint32_t) {
  DatagramBatch &batch = core_.resources.datagrams();
  unsigned most = DatagramBatch::kMost;
  for (int turn = 0; turn < kBatchesPerTurn; ++turn) {
    const unsigned count = batch.receive(socket_.get(), most);
    pass_on(batch, count);
    if (count < most) return;
    most = batch.next_most();
  }
}

void UdpListener::pass_on(DatagramBatch &batch, unsigned count) {
  for (unsigned first = 0; first < count;) {
    InboundFlow *flow = flow_of(batch.at(first));
    unsigned next = batch.train_end(first, count);
    while (flow != nullptr && next < count && flow_of(batch.at(next)) == flow) next = batch.train_end(next, count);
    if (flow == nullptr) {
      core_.counters.dropped += next - first;
    } else {
      flow->used_ms = core_.loop().now_ms();
      batch.send(flow->inner.get(), first, next, nullptr, {});
    }
    first = next;
  }
}

InboundFlow *UdpListener::flow_of(const Datagram &datagram) {
  const FlowKey key{.source = datagram.from.address(),
                    .destination = datagram.destination,
                    .source_port = datagram.from.port(),
                    .destination_port = port.host_port,
                    .link = datagram.from.link()};
  InboundFlow *flow = core_.flow_table.find(key);
  return flow != nullptr ? flow : make_flow(key, datagram);
}

InboundFlow *UdpListener::make_flow(const FlowKey &key, const Datagram &datagram) {
  // First: a socket in the network costs far more than a datagram that is dropped.
  if (!core_.flows.has_room()) return nullptr;
  auto inner = core_.connect_inner(datagram.from, target_, SOCK_DGRAM);
  if (!inner) return nullptr;
  DatagramBatch::prepare(inner.value().get(), target_.any.sa_family);
  if (!port.other_container.is_unspecified()) enable_error_queue(inner.value().get(), target_.address().is_v4());
  InboundFlow *flow = core_.flows.make(*this, key, inner.take());
  if (!core_.loop().watch(*flow, flow->inner.get(), EPOLLIN)) {
    core_.flows.destroy(flow);
    return nullptr;
  }
  core_.flow_table.insert(*flow);
  core_.loop().arm(*flow, kUnansweredMs);
  ++core_.counters.udp_flows;
  return flow;
}

void UdpListener::answer(InboundFlow &flow) {
  DatagramBatch &batch = core_.resources.datagrams();
  const SocketAddress client(flow.key.source, flow.key.source_port, flow.key.link);
  unsigned most = DatagramBatch::kMost;
  for (int turn = 0; turn < kBatchesPerTurn; ++turn) {
    const unsigned count = batch.receive(flow.inner.get(), most);
    if (count == 0) return;
    flow.used_ms = core_.loop().now_ms();
    flow.answered = true;
    batch.send(socket_.get(), 0, count, &client, flow.key.destination);
    if (count < most) return;
    most = batch.next_most();
  }
}

// #syscalls: sendto
void UdpListener::refused(InboundFlow &flow) {
  if (port.other_container.is_unspecified()) return;
  HostError told;
  const bool is_told = read_error(flow.inner.get(), told);
  if (flow.answered || flow.connected_again || !is_told || told.error.reason != IcmpReason::port_unreachable) return;
  flow.connected_again = true;
  const SocketAddress other(port.other_container, port.container_port);
  auto inner = core_.connect_from_gateway(other, SOCK_DGRAM);
  if (!inner) return;
  DatagramBatch::prepare(inner.value().get(), other.any.sa_family);
  core_.loop().forget(flow, flow.inner.get());
  flow.inner = inner.take();
  if (!core_.loop().watch(flow, flow.inner.get(), EPOLLIN)) return end(flow);
  // What fills the report may have been longer.
  if (told.quoted_size < sizeof told.quoted)
    (void)::send(flow.inner.get(), told.quoted, told.quoted_size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void UdpListener::check_idle(InboundFlow &flow) {
  const uint64_t idle_ms = core_.loop().now_ms() - flow.used_ms;
  if (idle_ms >= lifetime_ms(flow)) return end(flow);
  core_.loop().arm(flow, lifetime_ms(flow) - idle_ms);
}

void UdpListener::end(InboundFlow &flow) {
  core_.loop().disarm(flow);
  core_.loop().forget(flow, flow.inner.get());
  flow.inner.reset();
  core_.flow_table.remove(flow);
  if (--core_.counters.udp_flows == 0) core_.resources.datagrams().trim();
  core_.bury(flow);
}

void UdpListener::close() {
  core_.loop().forget(*this, socket_.get());
  socket_.reset();
  core_.flows.for_each([this](InboundFlow &flow) {
    if (&flow.port == this && flow.inner) end(flow);
  });
}

}  // namespace sampan::net
