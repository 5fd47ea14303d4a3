// SPDX-License-Identifier: Apache-2.0
// The monitor of one container (or exec session) from clone to exit record.
//
// How this works: three phases, each a function. start() clones the init process, prepares everything that can fail
// (log, exit record, attach socket) while the init builds its root, tells the client READY, waits for its GO and for
// the execve. Until GO the container belongs to the client: when the client goes away, or the monitor is told to end,
// nothing of it stays. serve() relays until the init process has been reaped, and end_run() drains what is left. Then
// restart() asks the restart policy: it waits, clones another init process that runs the same plan, and serve() goes
// on with it. finish() writes the exit record, tells the clients, and leaves the cleaning up to the control client, or
// to the exit command.
//
// Each run has a relay of its own. As in docker, the clients of a run are told its end; those that are slow to read it
// keep the old relay (leaving_) while the next run goes on without them.
//
// Signals: the monitor stands for its container, so SIGTERM, SIGINT and SIGHUP go to the init process, and mean that it
// is not to be started again. SIGUSR1 means only that: commands that end a container send it before anything else. It
// is in a session of its own, so that none of them comes from somebody's terminal.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "addon/helper/attach_server.h"
#include "addon/helper/exit_record.h"
#include "addon/helper/health_check.h"
#include "addon/helper/json_log.h"
#include "addon/helper/launch.h"
#include "addon/helper/member_watch.h"
#include "addon/helper/network_lease.h"
#include "addon/helper/process_identity.h"
#include "addon/helper/relay.h"
#include "addon/helper/restart_policy.h"
#include "addon/helper/settings.h"
#include "addon/helper/start_failure.h"
#include "addon/protocol/plan.h"
#include "addon/sys/poller.h"

namespace sampan {

class MonitorProcess {
 public:
  MonitorProcess(const Settings &settings, const Plan &plan, int control);

  // The monitor's exit status.
  int run();

 private:
  // What became of a step of a start. postponed: of a restart alone, to be tried again later.
  enum class Step { done, failed, abandoned, postponed };
  using StepFunction = Step (MonitorProcess::*)();

  // monitor_start.cc
  bool start();
  Step take_steps(const StepFunction *begin, const StepFunction *end);
  Step launch();
  Step prepare();
  Step fail(Op op, const Error &error);
  Step fail_network(const Error &error);
  Step wait_until_ready();
  Step wait_for_network();
  Step take_link_event();
  Step wait_for_go();
  Step wait_until_executed();
  bool has_executed() const;
  StartFailure died_early() const;
  Status open_streams();
  void begin_run();
  void give_up_init();
  void undo();

  // monitor.cc
  void serve();
  void turn(int64_t deadline_ms);
  void take_signals();
  void reap();
  void take_connections();

  // monitor_restart.cc
  void end_run();
  bool restart();
  void part_with_clients();
  void sweep_leaving();
  bool back_off(int64_t delay_ms);
  Step relaunch();
  Step reset_files();
  Step record_restart();
  Status write_restart_record(bool waiting) const;

  // monitor_finish.cc
  int finish();
  ExitRecord make_exit_record() const;
  FrameHeader exit_frame() const;
  bool everybody_served(bool with_unattached) const;
  void serve_last_clients();
  void wait_until_control_has_read();
  void remove_cgroup() const;
  void run_exit_command();
  uint64_t oom_kills() const;

  const Settings &settings_;
  const Plan &plan_;
  unique_fd control_;  // until the relay takes it
  unique_fd signals_;
  NetworkLease lease_;
  InitProcess init_;
  std::optional<StartFailure> failure_;
  unique_fd stdin_pipe_;
  unique_fd stdout_pipe_;
  unique_fd stderr_pipe_;
  unique_fd terminal_;
  ExitRecordFile exit_record_;
  AttachServer attach_server_;
  JsonLog log_;
  Poller poller_;
  std::unique_ptr<Relay> relay_;
  std::vector<std::unique_ptr<Relay>> leaving_;  // of runs that have ended
  MemberWatch<MonitorProcess> signal_handler_;
  MemberWatch<MonitorProcess> connection_handler_;
  std::unique_ptr<HealthCheck> health_;  // when there is one
  bool memory_released_ = false;

  ProcessIdentity self_;
  uint64_t oom_kills_before_ = 0;
  bool oom_killed_ = false;
  std::optional<int> wait_status_;  // of the init process, once it is reaped
  struct timespec started_at_ = {};
  int64_t started_ms_ = 0;
  RestartPolicy restart_policy_;
  bool stopping_ = false;  // somebody asked for the end: nothing is started any more
  ExitRecord exit_;        // of the last run that has ended
};

// No deadline.
inline constexpr int64_t kNever = INT64_MAX;

// The signals the monitor takes through its signalfd.
void block_monitor_signals(unique_fd &signals);
// Back to what an exec'ed program expects.
void restore_signals();

}  // namespace sampan
