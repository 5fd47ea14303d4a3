// SPDX-License-Identifier: Apache-2.0
// Retransmission (RFC 6298), probes of a closed window, keep-alive, and the end of what has ended.
#include <algorithm>

#include "addon/net/tcp.h"

namespace sampan::net {

namespace {

constexpr uint64_t kSynAckMs = 1000;
constexpr uint8_t kSynAckTries = 5;
constexpr uint64_t kMinDelayMs = 200;
constexpr uint64_t kMaxDelayMs = 60'000;
constexpr uint64_t kBehindMs = 20;
// In all a second: then all has been read that waited when the time had come, whatever came behind it.
constexpr uint8_t kMostPutOff = 50;
constexpr uint8_t kMaxTries = 12;
// The time between probes of a closed window doubles so often: a container that does not read for long costs little,
// and an opening that got lost is found after some seconds.
constexpr uint8_t kMostDoublings = 4;
constexpr uint64_t kLingerMs = 1000;
// What Linux does by default (tcp(7), tcp_keepalive_time); every connection, since nothing else ends one whose
// container has vanished.
constexpr uint64_t kIdleMs = 7'200'000;
constexpr uint64_t kIdleProbeMs = 75'000;
constexpr uint8_t kIdleProbes = 9;
// What a conversation left in the host socket's queue goes when it pauses.
constexpr uint64_t kPauseMs = 100;

}  // namespace

uint64_t Tcp::retransmit_delay(const TcpConnection &connection) const {
  // Not less than what a receiver may hold an acknowledgement back.
  const uint64_t base = connection.srtt_ms + std::max(uint64_t{4} * connection.rttvar_ms, kMinDelayMs);
  return std::min(base << std::max(connection.tries, connection.probes), kMaxDelayMs);
}

void Tcp::arm_timer(TcpConnection &connection) {
  uint64_t delay = 0;
  connection.put_off = 0;
  switch (connection.state) {
    case TcpState::accepting:
      delay = kSynAckMs << connection.tries;
      break;
    case TcpState::lingering:
      delay = kLingerMs;
      break;
    case TcpState::open:
      if (connection.snd_una != connection.snd_max || wants_window(connection)) {
        delay = retransmit_delay(connection);
      } else if (connection.tries == 0) {
        delay = connection.undiscarded == 0 ? kIdleMs : kPauseMs;
      } else {
        delay = kIdleProbeMs;
      }
      break;
    case TcpState::connecting:
    case TcpState::promoted:
    case TcpState::dead:
      core_.loop.disarm(connection);
      return;
  }
  core_.loop.arm(connection, delay);
}

// Something waits that the container's window does not let through.
bool Tcp::wants_window(const TcpConnection &connection) const {
  return connection.readable && !connection.host_eof && sendable(connection) == 0;
}

// RFC 9293 3.8.6.1: for as long as it is answered.
void Tcp::probe_window(TcpConnection &connection) {
  if (connection.probes < kMostDoublings) ++connection.probes;
  send_probe(connection);
}

void Tcp::expired(TcpConnection &connection) {
  if (core_.is_behind() && connection.state != TcpState::lingering && connection.put_off < kMostPutOff) {
    ++connection.put_off;
    return core_.loop.arm(connection, kBehindMs);
  }
  switch (connection.state) {
    case TcpState::lingering:
      return remove(connection);
    case TcpState::accepting:
      if (++connection.tries > kSynAckTries) return reset(connection);
      repeat_syn_ack(connection);
      break;
    case TcpState::open:
      if (connection.snd_una != connection.snd_max) {
        if (++connection.tries > kMaxTries) return reset(connection);
        go_back(connection);
        // Nothing of it goes out then: the container had no room for what it had room for before.
        if (connection.snd_wnd == 0) probe_window(connection);
      } else if (wants_window(connection)) {
        if (++connection.tries > kMaxTries) return reset(connection);
        probe_window(connection);
      } else if (connection.undiscarded != 0) {
        discard_acknowledged(connection);
      } else {
        if (++connection.tries > kIdleProbes) return reset(connection);
        send_probe(connection);
      }
      break;
    case TcpState::connecting:
    case TcpState::promoted:
    case TcpState::dead:
      return;
  }
  arm_timer(connection);
}

void Tcp::measure_round_trip(TcpConnection &connection, uint32_t ack) {
  if (!connection.timing || seq_before(ack, connection.timed_seq)) return;
  connection.timing = false;
  const auto sample =
      static_cast<uint32_t>(std::min<uint64_t>(core_.loop.now_ms() - connection.timed_at_ms, kMaxDelayMs));
  if (connection.srtt_ms == 0) {
    connection.srtt_ms = sample;
    connection.rttvar_ms = sample / 2;
    return;
  }
  const uint32_t deviation = sample > connection.srtt_ms ? sample - connection.srtt_ms : connection.srtt_ms - sample;
  connection.rttvar_ms = (3 * connection.rttvar_ms + deviation) / 4;
  connection.srtt_ms = (7 * connection.srtt_ms + sample) / 8;
}

}  // namespace sampan::net
