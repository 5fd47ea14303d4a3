// SPDX-License-Identifier: Apache-2.0
// One TCP connection: a container's kernel on one side, a socket of the host on the other. Names of sequence variables
// are those of RFC 9293 3.3.1, seen from us: SND towards the container, RCV from it.
#pragma once

#include <cstdint>

#include "addon/net/event_loop.h"
#include "addon/net/flow_table.h"
#include "addon/net/spill.h"
#include "addon/sys/unique_fd.h"

namespace sampan::net {

class Tcp;
class Promotion;

enum class TcpState : uint8_t {
  connecting,  // the container's SYN waits for the host's connect()
  accepting,   // SYN-ACK sent, the container's ACK is not there yet
  open,        // both directions, or what half-closes have left of them
  promoted,    // the kernel has it, and we its two sockets
  lingering,   // over; a repeated FIN is still answered
  dead,        // taken down in this turn, freed at its end
};

class TcpConnection final : public Watch, public Timer {
 public:
  TcpConnection(Tcp &tcp, const FlowKey &flow_key) : key(flow_key), tcp_(tcp) {}

  void ready(uint32_t events) override;
  void expired() override;

  uint32_t in_flight() const { return snd_nxt - snd_una; }

  FlowKey key;
  TcpConnection *next_in_bucket = nullptr;
  TcpConnection *next_delayed = nullptr;   // the list of acknowledgements that wait
  TcpConnection *next_pending = nullptr;   // the list of those with work at the turn's end
  TcpConnection *next_settling = nullptr;  // the list of those that have finished
  Promotion *promotion = nullptr;
  unique_fd fd;
  TcpState state = TcpState::connecting;

  bool pending : 1 = false;       // in that list
  bool delayed : 1 = false;       // in the list of acknowledgements that wait
  bool ack_waits : 1 = false;     // one does
  bool settling : 1 = false;      // in the list of those that have finished: its socket is not closed yet
  bool answered : 1 = true;       // the host has sent something since the container last did, or is to begin
  bool conversing : 1 = false;    // the container's last data followed such an answer
  bool need_ack : 1 = false;      // something came that is not acknowledged
  bool readable : 1 = false;      // the host's socket may have data or an end that was not read
  bool host_ended : 1 = false;    // the host's socket has an end or an error behind its data
  bool host_closing : 1 = false;  // an end, not an error: when all data was read, that is it
  bool host_urgent : 1 = false;   // it has had urgent data: reads stop there, and a short one says nothing
  bool host_eof : 1 = false;      // that end was reached: all data was read once
  bool fin_known : 1 = false;     // our FIN was sent at least once; it ends at fin_end
  bool fin_sent : 1 = false;      // it is part of SND.NXT
  bool fin_acked : 1 = false;     // the container has it
  bool fin_received : 1 = false;  // the container's FIN is part of RCV.NXT
  bool host_shut : 1 = false;     // shutdown(SHUT_WR) was done: the host has the container's end
  bool recovering : 1 = false;    // fast recovery until SND.UNA reaches `recover`
  bool timing : 1 = false;        // a round trip is being measured
  bool half_open : 1 = true;      // counted as such
  bool sack : 1 = false;          // the container understands selective acknowledgements
  bool early_fin : 1 = false;     // the container's FIN follows `early`
  bool keepalive : 1 = false;     // SO_KEEPALIVE is set
  bool host_sent : 1 = false;     // the host's socket was given data
  bool nodelay : 1 = false;       // TCP_NODELAY is set
  bool peek_armed : 1 = false;    // SO_PEEK_OFF is set
  bool stays : 1 = false;         // it could not be promoted
  bool resting : 1 = false;       // nothing new is sent, until all is acknowledged: then it is promoted

  uint8_t snd_scale = 0;  // shift of the windows that the container announces
  uint8_t rcv_scale = 0;  // and of ours
  uint8_t tries = 0;      // retransmissions or probes without an answer
  uint8_t put_off = 0;    // how often its timer was, because frames wait that were not read
  uint8_t probes = 0;     // of a window that has been closed since; not counted beyond some
  uint8_t duplicate_acks = 0;
  uint8_t kept_answers = 0;  // read since data last left the host socket's queue
  uint16_t mss = 0;          // the container's

  uint32_t snd_una = 0;
  uint32_t snd_nxt = 0;
  uint32_t snd_max = 0;  // the highest SND.NXT ever: going back is not forgetting
  uint32_t snd_wnd = 0;
  uint32_t snd_wl1 = 0;
  uint32_t snd_wl2 = 0;
  uint32_t rcv_nxt = 0;
  uint32_t rcv_adv = 0;    // the right edge that was announced
  uint32_t rcv_acked = 0;  // the RCV.NXT that was announced
  uint32_t cwnd = 0;
  uint32_t ssthresh = 0;
  uint32_t recover = 0;
  uint32_t fin_end = 0;
  uint32_t peek_offset = 0;  // SO_PEEK_OFF as the kernel has it
  uint32_t undiscarded = 0;  // acknowledged by the container, still in the host socket's receive queue
  uint32_t moved = 0;        // bytes both ways, of late
  uint32_t timed_seq = 0;    // the round trip ends when this is acknowledged
  uint32_t srtt_ms = 0;
  uint32_t rttvar_ms = 0;
  uint64_t ack_waits_since_ms = 0;
  uint64_t moved_since_ms = 0;  // since when; or when it was promoted
  uint64_t timed_at_ms = 0;
  uint64_t active_ms = 0;  // when the container was last heard
  // What came after a gap, in one piece: from a reordered segment, or behind a lost one. A second gap is not kept.
  SpillQueue early;
  uint32_t early_seq = 0;
  SpillQueue spill;  // from the container, not yet taken by the host's socket

 private:
  Tcp &tcp_;
};

}  // namespace sampan::net
