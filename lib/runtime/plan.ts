// SPDX-License-Identifier: Apache-2.0
// From the runtime config to the plan: the linear list of operations that the helper executes.
//
// How this works: the monitor stage says which namespaces and ids the init process is born with and what the monitor
// does with its stdio, log and exit. The init stage builds the root below rootfs with paths resolved inside it, pivots
// into it, and then lowers itself step by step to the container's process: limits, terminal, user, capabilities. The
// order carries the safety: sysctls before /proc/sys becomes read-only, masks after pivot_root, the user before the
// capabilities are cut, READY as the last thing before execve.

import * as k from '../native/constants.js';
import type { PlanOperation } from '../native/protocol.js';
import { capabilityMask } from '../spec/capabilities.js';
import type { NamespaceType, ProcessConfig, RlimitConfig, RuntimeConfig } from '../spec/runtime-config.js';
import { namespaceOperations, type IdMap } from './id-map.js';
import { mountOperation } from './mount-operation.js';

const stdioTty = 1;
const stdioKeepStdin = 2;
const stdioStdinOnce = 4;

const cloneFlag: Readonly<Record<NamespaceType, number>> = {
  user: k.CLONE_NEWUSER,
  mount: k.CLONE_NEWNS,
  pid: k.CLONE_NEWPID,
  uts: k.CLONE_NEWUTS,
  ipc: k.CLONE_NEWIPC,
  network: k.CLONE_NEWNET,
  cgroup: k.CLONE_NEWCGROUP,
};

/** Flags for clone3(2) or setns(2). */
export const namespaceFlags = (types: readonly NamespaceType[]): bigint =>
  types.reduce((flags, type) => flags | BigInt(cloneFlag[type]), 0n);

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The whole of a container's start, without the monitor's own settings (monitor-operations.ts). */
export const containerOperations = (
  config: RuntimeConfig,
  idMap: IdMap,
  terminal: TerminalSize,
): readonly PlanOperation[] => {
  const { namespaces } = config.linux;
  const flags = namespaceFlags(namespaces.flatMap(({ type, shared }) => (shared === true ? [] : [type])));
  const ownIds = namespaces.some(({ type, shared }) => type === 'user' && shared !== true);
  return [
    ...(ownIds ? namespaceOperations(idMap, flags) : [{ op: 'namespaces', flags } as const]),
    { op: 'stdio', flags: stdioFlags(config) },
    { op: 'become_root' },
    { op: 'mount_propagation', source: '/', flags: BigInt(k.MS_REC | k.MS_SLAVE) },
    ...rootOperations(config),
    ...config.mounts.map(mountOperation),
    ...deviceLinks.map(([path, to]): PlanOperation => ({ op: 'make_symlink', path, to })),
    { op: 'make_dir', path: config.process.cwd, mode: 0o755 },
    { op: 'make_file', path: '/.dockerenv', content: '', mode: 0o755 },
    { op: 'pivot_root' },
    ...systemOperations(config),
    ...processOperations(config.process, terminal),
    { op: 'wait_go' },
    ...(config.sampan.init ? [{ op: 'spawn_init' } as const] : []),
    { op: 'exec', argv: config.process.args, env: config.process.env },
  ];
};

export interface ExecPlanOptions {
  /** descriptor slot of the pidfd of the container's init; absent: the monitor's own container (a probe) */
  readonly pidfdSlot?: number;
  readonly openStdin: boolean;
  readonly terminal: TerminalSize;
  /** somebody says GO */
  readonly waits: boolean;
}

/** Another process in the namespaces of a running container. */
export const execOperations = (
  config: RuntimeConfig,
  process: ProcessConfig,
  options: ExecPlanOptions,
): readonly PlanOperation[] => [
  {
    op: 'join_namespaces',
    pidfd: options.pidfdSlot,
    flags: namespaceFlags(config.linux.namespaces.map(({ type }) => type)),
  },
  { op: 'stdio', flags: (process.terminal ? stdioTty : 0) | (options.openStdin ? stdioKeepStdin | stdioStdinOnce : 0) },
  { op: 'become_root' },
  ...processOperations(process, options.terminal),
  ...(options.waits ? [{ op: 'wait_go' } as const] : []),
  { op: 'exec', argv: process.args, env: process.env },
];

const stdioFlags = ({ process, sampan }: RuntimeConfig): number =>
  (process.terminal ? stdioTty : 0) | (sampan.openStdin ? stdioKeepStdin : 0) | (sampan.stdinOnce ? stdioStdinOnce : 0);

/** The root file system, as the root under construction. */
export const rootOperations = ({
  sampan: { rootfs: root },
  root: { path: rootfs, readonly },
}: RuntimeConfig): readonly PlanOperation[] => {
  const flags = root.volatile ? 1 : 0;
  if (root.kind === 'overlay') {
    return [{ op: 'root_overlay', rootfs, lower: root.lower, upper: root.upper, work: root.work, flags }];
  }
  // Mounts of their own, which the later remount of the root does not reach; made read-only before others stand on them.
  const directories = root.directories.flatMap(({ source, upper, work }): readonly PlanOperation[] => [
    { op: 'mount_overlay', target: source, lower: [source], upper, work, flags },
    ...(readonly ? [{ op: 'readonly_path', path: source } as const] : []),
  ]);
  const whole = (root.readonlyDirectories ?? []).map((path) =>
    mountOperation({ type: 'bind', source: path, destination: path, options: ['rbind', 'ro', 'rprivate'] }),
  );
  return [{ op: 'root_bind', source: root.base, rootfs }, ...directories, ...whole];
};

/** As docker and the OCI runtime specification ("Default Devices", "/dev symbolic links") have them. */
const deviceLinks = [
  ['/dev/ptmx', 'pts/ptmx'],
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/core', '/proc/kcore'],
] as const;

const systemOperations = (config: RuntimeConfig): readonly PlanOperation[] => {
  const { linux } = config;
  const ownNetwork = linux.namespaces.some(({ type, shared }) => type === 'network' && shared !== true);
  return [
    { op: 'set_hostname', name: config.hostname },
    ...(config.domainname === undefined ? [] : [{ op: 'set_domainname', name: config.domainname } as const]),
    ...(ownNetwork ? [{ op: 'link_up', name: 'lo' } as const] : []),
    ...Object.entries(linux.sysctl).map(([key, value]): PlanOperation => ({ op: 'set_sysctl', key, value })),
    ...linux.readonlyPaths.map((path): PlanOperation => ({ op: 'readonly_path', path })),
    ...linux.maskedPaths.map((path): PlanOperation => ({ op: 'mask_path', path })),
    ...(config.root.readonly ? [{ op: 'remount_root_readonly' } as const] : []),
  ];
};

const oomScoreBias = 1000;

const processOperations = (process: ProcessConfig, terminal: TerminalSize): readonly PlanOperation[] => {
  const mask = capabilityMask(process.capabilities);
  const { oomScoreAdj } = process;
  return [
    { op: 'new_keyring' },
    ...(oomScoreAdj === undefined ? [] : [{ op: 'set_oom_score_adj', biased: oomScoreAdj + oomScoreBias } as const]),
    ...process.rlimits.map(rlimitOperation),
    process.terminal ? { op: 'open_pty', columns: terminal.columns, rows: terminal.rows } : { op: 'new_session' },
    { op: 'set_umask', mask: 0o022 },
    { op: 'set_user', spec: process.user.username || '0', groups: process.user.additionalGroups },
    { op: 'set_capabilities', bounding: mask, effective: mask, permitted: mask, inheritable: 0n, ambient: 0n },
    ...(process.noNewPrivileges ? [{ op: 'no_new_privs' } as const] : []),
    { op: 'set_cwd', path: process.cwd },
  ];
};

const unlimited = 0xffff_ffff_ffff_ffffn;

const rlimitOperation = ({ type, soft, hard }: RlimitConfig): PlanOperation => ({
  op: 'set_rlimit',
  resource: k.rlimitNumber(type),
  soft: soft === undefined ? unlimited : BigInt(soft),
  hard: hard === undefined ? unlimited : BigInt(hard),
});
