// SPDX-License-Identifier: Apache-2.0
// Promotion: a connection that moves much becomes two sockets of the kernel, joined by splice(2), because pages that
// move by reference cost a third of what is copied twice (docs/network.md, "Much data").
//
// How this works: what is in flight to the container has to be acknowledged first, so no more is sent until then, for
// one round trip through the bridge; what the container sends meanwhile is received as ever. Then, in one step:
//   - acknowledged data leaves the host socket's queue, so the next byte read from it is SND.NXT;
//   - what the host's socket has not taken yet goes into the pipe that the relay empties first;
//   - the agent makes the kernel's socket (tcp_handover.h), and the container's packets are led to it from then on;
//   - frames of this connection that are still in the tun go back into it, and so to that socket.
// What is not possible now is tried again when as much has been moved once more; the connection stays as it was.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "addon/net/tcp.h"

namespace sampan::net {

namespace {

// So much in so short a time: a promotion costs about what half of it costs here.
constexpr uint32_t kMuch = 1024 * 1024;
constexpr uint64_t kSoonMs = 1000;
// Frames of a promoted connection do not come this way any more after so long. Without rules they would come for ever.
constexpr uint64_t kStragglersMs = 2000;

}  // namespace

void Promotion::unfinished(SpliceRelay &) { tcp_.note_pending(connection_); }
void Promotion::ended(SpliceRelay &) { tcp_.promotion_ended(connection_); }

void Tcp::note_moved(TcpConnection &connection, uint32_t count) {
  if (core_.handover == nullptr || connection.resting || connection.stays) return;
  const uint64_t now = core_.loop.now_ms();
  if (now - connection.moved_since_ms > kSoonMs) {
    connection.moved_since_ms = now;
    connection.moved = 0;
  }
  connection.moved += count;
  if (connection.moved < kMuch) return;
  connection.moved = 0;
  connection.resting = is_promotable(connection);
  if (connection.resting) note_pending(connection);
}

// Without window scaling it is not worth it.
bool Tcp::is_promotable(const TcpConnection &connection) const {
  return connection.state == TcpState::open && connection.rcv_scale != 0 && !connection.fin_known &&
         !connection.fin_received && !connection.host_eof && promotions_.used() < core_.limits.tcp_promoted &&
         promoted_per_source_[connection.key.source] < core_.limits.tcp_promoted_per_source;
}

// At the turn's end. True: it is not this file's neighbours' any more.
bool Tcp::try_promote(TcpConnection &connection) {
  if (!connection.resting) return false;
  // Acknowledgements are on their way; a time-out ends that.
  if (connection.snd_una != connection.snd_max) return false;
  connection.resting = false;
  if (!is_promotable(connection) || connection.early.size() != 0) return false;
  discard_acknowledged(connection);
  if (connection.undiscarded != 0) return false;
  return promote(connection);
}

// The pipe with what the host's socket has not taken yet. #syscalls: pipe2 writev
Result<Pipe> Tcp::spill_into_pipe(const TcpConnection &connection) {
  if (connection.spill.size() == 0) return Pipe{};
  auto pipe = core_.pipes.take();
  if (!pipe) return pipe;
  constexpr size_t kMaxParts = (kMaxWindow + kWindowSlack) / SpillPool::kBlockSize + 2;
  struct iovec parts[kMaxParts];
  const size_t count = connection.spill.front(core_.spill, parts);
  const ssize_t written = ::writev(pipe.value().in.get(), parts, static_cast<int>(count));
  // A small pipe: the user has many large ones.
  if (written != static_cast<ssize_t>(connection.spill.size())) return Error{EAGAIN, "writev", "pipe"};
  return pipe;
}

TcpHandover Tcp::describe(const TcpConnection &connection) const {
  TcpHandover handover;
  handover.key = connection.key;
  handover.snd_nxt = connection.snd_nxt;
  handover.snd_wnd = connection.snd_wnd;
  handover.snd_wl1 = connection.snd_wl1;
  handover.rcv_nxt = connection.rcv_nxt;
  handover.rcv_wnd = seq_before(connection.rcv_nxt, connection.rcv_adv) ? connection.rcv_adv - connection.rcv_nxt : 0;
  handover.mss = connection.mss;
  handover.snd_scale = connection.snd_scale;
  handover.rcv_scale = connection.rcv_scale;
  handover.sack = connection.sack ? 1 : 0;
  return handover;
}

bool Tcp::promote(TcpConnection &connection) {
  // A descriptor has to be free, or what the agent makes is lost, and the connection with it.
  unique_fd place(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto pipe = place ? spill_into_pipe(connection) : Result<Pipe>(last_error("socket"));
  if (!pipe) return false;
  place.reset();
  auto inner = core_.handover->take(describe(connection));
  if (!inner) {
    ++core_.counters.promotions_failed;
    connection.stays = true;
    // The kernel cannot do it: nobody need ask again.
    if (inner.error().number == EOPNOTSUPP) core_.handover = nullptr;
    if (inner.error().number != ECONNABORTED) return false;
    drop(connection);
    return true;
  }
  join(connection, inner.take(), pipe.take());
  return true;
}

// #syscalls: setsockopt epoll_ctl
void Tcp::join(TcpConnection &connection, unique_fd inner, Pipe pipe) {
  const int off = -1;
  if (connection.peek_armed) ::setsockopt(connection.fd.get(), SOL_SOCKET, SO_PEEK_OFF, &off, sizeof off);
  if (!connection.keepalive) enable_host_keepalive(connection);
  core_.loop.forget(connection, connection.fd.get());
  core_.loop.disarm(connection);
  const size_t held = connection.spill.size();
  connection.spill.clear(core_.spill);
  connection.need_ack = false;
  connection.ack_waits = false;
  connection.state = TcpState::promoted;
  connection.moved_since_ms = core_.loop.now_ms();
  connection.promotion = promotions_.make(*this, core_, connection, std::move(connection.fd), std::move(inner));
  ++promoted_per_source_.of(connection.key.source);
  ++core_.counters.promoted;
  SpliceRelay &relay = connection.promotion->relay;
  if (!relay.join(std::move(pipe), held)) relay.abort();
}

// The relay's sockets are closed; it and the record go at the turn's end.
void Tcp::promotion_ended(TcpConnection &connection) {
  --promoted_per_source_.of(connection.key.source);
  remove(connection);
}

// What was on its way to us is the kernel's now. #syscalls: write
void Tcp::pass_back(const TcpConnection &connection, const Packet &packet) {
  if (core_.loop.now_ms() - connection.moved_since_ms > kStragglersMs) return;
  core_.link.send_back(packet);
}

// The record, and what belongs to it.
void Tcp::destroy(TcpConnection &connection) {
  if (connection.promotion != nullptr) promotions_.destroy(connection.promotion);
  pool_.destroy(&connection);
}

// The other host sees a reset.
void Tcp::drop(TcpConnection &connection) {
  if (connection.state == TcpState::promoted) return connection.promotion->relay.abort();
  abort_host(connection);
  remove(connection);
}

}  // namespace sampan::net
