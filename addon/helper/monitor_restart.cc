// SPDX-License-Identifier: Apache-2.0
// Between two runs: the end of one, and the start of the next by the restart policy.
//
// How this works: another init process is cloned and runs the same plan as the first one did, with the same checks;
// only READY has another listener. Instead of the client writing the run record, the monitor replaces the restart
// record and says GO itself, so that there never is a running process that no record names.
#include <iterator>
#include <string>
#include <utility>

#include "addon/helper/monitor_process.h"
#include "addon/helper/restart_record.h"
#include "addon/helper/state_file.h"
#include "addon/helper/timestamp.h"

namespace sampan {

void MonitorProcess::end_run() {
  if (health_) health_->end();
  relay_->end_streams();
  log_.finish();
  exit_ = make_exit_record();
}

// True when the container runs again.
bool MonitorProcess::restart() {
  if (stopping_) return false;
  std::optional<int64_t> delay = restart_policy_.decide(exit_.exit_code, monotonic_ms() - started_ms_);
  if (!delay) return false;
  exit_.restart_count = restart_policy_.count();
  // Not written: readers see a monitor without a process until the next try.
  (void)write_restart_record(true);
  part_with_clients();
  while (back_off(*delay)) {
    const Step outcome = relaunch();
    if (outcome == Step::done) return true;
    give_up_init();
    if (outcome != Step::postponed) return false;
    delay = restart_policy_.wait_longer();
  }
  return false;
}

// Tells them the end of their run, and begins a relay for those who come from now on.
void MonitorProcess::part_with_clients() {
  relay_->announce_exit(exit_frame());
  // Who does not read at all is cut off when this many runs have ended since.
  constexpr size_t kMostLeaving = 8;
  if (leaving_.size() >= kMostLeaving) leaving_.front()->part_with_all();
  sweep_leaving();
  leaving_.push_back(std::exchange(relay_, std::make_unique<Relay>(poller_, log_, settings_.stdio_flags)));
  // They have not said yet what they want, so the run that has ended is none of theirs.
  for (unique_fd &socket : leaving_.back()->release_unattached()) relay_->add_client(std::move(socket));
}

void MonitorProcess::sweep_leaving() {
  for (const auto &relay : leaving_) {
    relay->sweep();
    if (relay->everybody_served(false)) relay->part_with_all();
  }
  std::erase_if(leaving_, [](const std::unique_ptr<Relay> &relay) { return !relay->has_clients(); });
}

// False: the end was asked for meanwhile.
bool MonitorProcess::back_off(int64_t delay_ms) {
  const int64_t deadline_ms = monotonic_ms() + delay_ms;
  while (!stopping_ && monotonic_ms() < deadline_ms) turn(deadline_ms);
  return !stopping_;
}

MonitorProcess::Step MonitorProcess::relaunch() {
  constexpr StepFunction kSteps[] = {&MonitorProcess::reset_files,      &MonitorProcess::launch,
                                     &MonitorProcess::wait_until_ready, &MonitorProcess::wait_for_network,
                                     &MonitorProcess::record_restart,   &MonitorProcess::wait_until_executed};
  // What fails before there is another one must not end who has its number now.
  init_ = {};
  wait_status_.reset();
  oom_killed_ = false;
  failure_.reset();
  const Step outcome = take_steps(std::begin(kSteps), std::end(kSteps));
  if (outcome != Step::failed || !failure_) return outcome;
  // docker: a restart that fails is the end, with the code of the last run.
  constexpr int kStartFailed = 128;
  if (exit_.exit_code == 0) exit_.exit_code = kStartFailed;
  exit_.finished_at = now();
  exit_.error = "the restart failed: " + describe(*failure_);
  return outcome;
}

// A full disk is waited for, as with the record.
MonitorProcess::Step MonitorProcess::reset_files() {
  for (const RestartFile &file : settings_.restart_files) {
    if (!reset_file(file)) return Step::postponed;
  }
  return Step::done;
}

MonitorProcess::Step MonitorProcess::record_restart() {
  started_at_ = now();
  // The record that the next command would go by could not be written (a full disk): this process must not live.
  if (!write_restart_record(false)) return Step::postponed;
  exit_.init = {.pid = init_.pid, .start_time = init_.start_time};
  // A failure means that the init process has died since, and the link tells that better.
  (void)send_go(init_.link.get());
  return Step::done;
}

Status MonitorProcess::write_restart_record(bool waiting) const {
  RestartRecord record;
  record.monitor = self_;
  record.count = restart_policy_.count();
  record.waiting = waiting;
  record.init = waiting ? exit_.init : ProcessIdentity{.pid = init_.pid, .start_time = init_.start_time};
  record.started_at = started_at_;
  record.last_exit = exit_;
  return replace_file(settings_.restart_dir_fd, settings_.restart_name, encode_restart_record(record));
}

}  // namespace sampan
