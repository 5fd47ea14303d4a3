// SPDX-License-Identifier: Apache-2.0
// What the monitor-stage operations of a plan say, collected before anything happens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "addon/helper/health_state.h"
#include "addon/helper/restart_file.h"
#include "addon/helper/restart_policy.h"

namespace sampan {

struct IdMapLine {
  uint32_t inside;
  uint32_t outside;
  uint32_t count;
};

enum class MapMethod : uint32_t { self = 0, set_uid_programs = 1 };

enum StdioFlags : uint32_t { kStdioTty = 1, kStdioKeepStdin = 2, kStdioStdinOnce = 4 };
enum StreamFlags : uint32_t { kStreamStdin = 1, kStreamStdout = 2, kStreamStderr = 4 };

// Descriptors are borrowed from the process (passed at spawn), -1 when absent. Strings point into the plan.
struct Settings {
  uint64_t clone_flags = 0;
  std::vector<IdMapLine> uid_map;
  std::vector<IdMapLine> gid_map;
  MapMethod map_method = MapMethod::self;
  const char *newuidmap = nullptr;
  const char *newgidmap = nullptr;

  int join_pidfd = -1;
  uint64_t join_flags = 0;
  int lease_fd = -1;
  int lease_dir_fd = -1;
  std::string_view lease_description;
  int share_pidfd = -1;
  uint64_t share_flags = 0;
  int netd_dir_fd = -1;
  int netd_user_namespace_fd = -1;
  uint32_t netd_linger_ms = 0;
  int cgroup_fd = -1;
  int cgroup_parent_fd = -1;
  const char *cgroup_name = nullptr;

  uint32_t stdio_flags = 0;
  bool control_attached = false;
  uint32_t control_streams = 0;
  std::string_view control_detach_keys;

  int attach_dir_fd = -1;
  const char *attach_name = nullptr;

  int log_dir_fd = -1;
  const char *log_name = nullptr;
  uint64_t log_max_size_bytes = 0;
  uint32_t log_max_files = 1;

  int exit_dir_fd = -1;
  const char *exit_name = nullptr;
  const char *run_record_name = nullptr;
  bool exit_durable = false;

  RestartKind restart_kind = RestartKind::never;
  uint32_t restart_max_retries = 0;
  int restart_dir_fd = -1;
  const char *restart_name = nullptr;
  std::vector<RestartFile> restart_files;

  HealthSettings health;

  std::vector<const char *> exit_argv;
  std::vector<const char *> exit_env;
};

}  // namespace sampan
