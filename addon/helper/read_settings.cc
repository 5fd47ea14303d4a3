// SPDX-License-Identifier: Apache-2.0
// One case per monitor-stage operation; the compiler names a missing one.
#include "addon/helper/read_settings.h"

namespace sampan {

namespace {

std::vector<const char *> to_vector(const StringList &list) {
  std::vector<const char *> strings;
  strings.reserve(list.size());
  for (const char *string : list) strings.push_back(string);
  return strings;
}

void apply(Settings &settings, const namespaces_args &args) { settings.clone_flags = args.flags; }

void apply(Settings &settings, const map_ids_args &args) {
  constexpr uint32_t kUids = 0;
  auto &map = args.kind == kUids ? settings.uid_map : settings.gid_map;
  map.push_back({args.inside, args.outside, args.count});
}

void apply(Settings &settings, const map_method_args &args) {
  settings.map_method = args.method == 0 ? MapMethod::self : MapMethod::set_uid_programs;
  settings.newuidmap = args.newuidmap;
  settings.newgidmap = args.newgidmap;
}

void apply(Settings &settings, const join_namespaces_args &args) {
  settings.join_pidfd = args.pidfd;
  settings.join_flags = args.flags;
}

void apply(Settings &settings, const join_cgroup_args &args) { settings.cgroup_fd = args.directory; }

void apply(Settings &settings, const remove_cgroup_args &args) {
  settings.cgroup_parent_fd = args.parent;
  settings.cgroup_name = args.name;
}

void apply(Settings &settings, const stdio_args &args) { settings.stdio_flags = args.flags; }

void apply(Settings &settings, const attach_control_args &args) {
  settings.control_attached = true;
  settings.control_streams = args.streams;
  if (args.detach_keys != nullptr) settings.control_detach_keys = args.detach_keys;
}

void apply(Settings &settings, const attach_socket_args &args) {
  settings.attach_dir_fd = args.directory;
  settings.attach_name = args.name;
}

void apply(Settings &settings, const log_json_file_args &args) {
  settings.log_dir_fd = args.directory;
  settings.log_name = args.name;
  settings.log_max_size_bytes = args.max_size_bytes;
  settings.log_max_files = args.max_files;
}

void apply(Settings &settings, const exit_record_args &args) {
  settings.exit_dir_fd = args.directory;
  settings.exit_name = args.name;
  settings.run_record_name = args.run_record;
  settings.exit_durable = args.durable != 0;
}

void apply(Settings &settings, const restart_policy_args &args) {
  settings.restart_kind = args.policy == 1 ? RestartKind::always : RestartKind::on_failure;
  settings.restart_max_retries = args.max_retries;
  settings.restart_dir_fd = args.directory;
  settings.restart_name = args.name;
}

void apply(Settings &settings, const restart_file_args &args) {
  settings.restart_files.push_back({.directory = args.directory, .name = args.name, .from = args.from});
}

void apply(Settings &settings, const network_lease_args &args) {
  settings.lease_fd = args.connection;
  settings.lease_dir_fd = args.directory;
  if (args.description != nullptr) settings.lease_description = args.description;
}

void apply(Settings &settings, const share_namespaces_args &args) {
  settings.share_pidfd = args.pidfd;
  settings.share_flags = args.flags;
}

void apply(Settings &settings, const netd_args &args) {
  settings.netd_dir_fd = args.directory;
  settings.netd_user_namespace_fd = args.user_namespace;
  settings.netd_linger_ms = args.linger_ms;
}

void apply(Settings &settings, const health_check_args &args) {
  settings.health = {.plan_fd = args.plan,
                     .interval_ms = args.interval_ms,
                     .timeout_ms = args.timeout_ms,
                     .start_period_ms = args.start_period_ms,
                     .start_interval_ms = args.start_interval_ms,
                     .retries = args.retries,
                     .directory_fd = args.directory,
                     .name = args.name};
}

void apply(Settings &settings, const exit_command_args &args) {
  settings.exit_argv = to_vector(args.argv);
  settings.exit_env = to_vector(args.env);
}

}  // namespace

Settings read_settings(const Plan &plan) {
  Settings settings;
  for (uint32_t index = 0; index < plan.size(); ++index) {
    switch (plan.code(index)) {
#define SAMPAN_APPLY_init(name)
#define SAMPAN_APPLY_monitor(name)             \
  case Op::name:                               \
    apply(settings, read_##name(plan, index)); \
    break;
#define F(type, name)
#define OP(name, stage, doc, fields) SAMPAN_APPLY_##stage(name)
#include "addon/protocol/ops.def"
#undef OP
#undef F
#undef SAMPAN_APPLY_monitor
#undef SAMPAN_APPLY_init
      default:
        break;  // an operation of the init stage
    }
  }
  return settings;
}

}  // namespace sampan
