// SPDX-License-Identifier: Apache-2.0
// From the request and the merged process to the runtime config: docker's mounts, devices, masks and capabilities.
// Pure: what the host says comes in as facts.

import { sampanError } from '../errors/sampan-error.js';
import { resolveCapabilities } from '../spec/capabilities.js';
import type { CreateRequest, MountRequest, UlimitRequest } from '../spec/create-request.js';
import type { ProbeConfig } from '../spec/health.js';
import type { MergedProcess } from '../spec/merge.js';
import type { NetworkKind } from '../spec/network-mode.js';
import type { MountConfig, NamespaceConfig, RlimitConfig, RootConfig, RuntimeConfig } from '../spec/runtime-config.js';
import type { IdMap } from './id-map.js';

export interface ConfigInput {
  readonly request: CreateRequest;
  readonly process: MergedProcess;
  /** of the health check */
  readonly probe?: ProbeConfig | undefined;
  readonly idMap: IdMap;
  readonly network: NetworkKind;
  readonly hostname: string;
  /** directory that the root file system is mounted on */
  readonly rootfsPath: string;
  readonly rootfs: RootConfig;
  /** host files bound over /etc/hostname, /etc/hosts, /etc/resolv.conf */
  readonly etcFiles: Readonly<Record<'hostname' | 'hosts' | 'resolv.conf', string>>;
  /** whether the host has a pure cgroup v2 hierarchy that a cgroup namespace can show */
  readonly cgroupV2: boolean;
  /** paths of this host to hide beside those that every host has */
  readonly hostMasks: readonly string[];
}

/** docker's lists (moby, oci/defaults.go, checked against docker 28's `inspect`). */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export const buildConfig = (input: ConfigInput): RuntimeConfig => {
  const { request, process } = input;
  return {
    ociVersion: '1.2.0',
    process: {
      terminal: request.tty,
      user: { username: process.user, additionalGroups: request.groupAdd },
      args: process.args,
      env: process.env,
      cwd: process.cwd,
      capabilities: resolveCapabilities({ privileged: request.privileged, add: request.capAdd, drop: request.capDrop }),
      rlimits: request.ulimits.map(rlimit),
      noNewPrivileges: readSecurityOptions(request.securityOptions).noNewPrivileges,
      oomScoreAdj: request.oomScoreAdj,
    },
    root: { path: input.rootfsPath, readonly: request.readOnlyRootfs },
    hostname: input.hostname,
    domainname: request.domainname,
    mounts: mountsOf(input),
    linux: {
      uidMappings: input.idMap.uids,
      gidMappings: input.idMap.gids,
      namespaces: namespacesOf(input.network),
      sysctl: sysctlsOf(input),
      maskedPaths: request.privileged ? [] : [...maskedPaths, ...input.hostMasks],
      readonlyPaths: request.privileged ? [] : readonlyPaths,
    },
    annotations: request.annotations,
    sampan: {
      rootfs: input.rootfs,
      init: request.init,
      openStdin: request.openStdin,
      stdinOnce: request.stdinOnce,
      restart: request.restart,
      probe: input.probe,
      log:
        request.log.driver === 'none'
          ? undefined
          : { maxSizeBytes: request.log.maxSizeBytes, maxFiles: request.log.maxFiles },
    },
  };
};

/**
 * docker's defaults for a network of the container's own: every user inside may listen on low ports, and may ping without
 * a capability. The groups end with the last one that is mapped, because the kernel takes no others.
 */
const sysctlsOf = ({ request, network, idMap }: ConfigInput): Readonly<Record<string, string>> => {
  if (network === 'host' || network === 'container') return request.sysctls;
  const lastGroup = Math.max(...idMap.gids.map(({ containerID, size }) => containerID + size - 1));
  return {
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.ping_group_range': `0 ${String(lastGroup)}`,
    ...request.sysctls,
  };
};

/** A network belongs to the user namespace of its container: who shares the one shares the other. */
const namespacesOf = (network: NetworkKind): readonly NamespaceConfig[] => {
  const shared = network === 'container' ? { shared: true } : {};
  const own: readonly NamespaceConfig[] = [
    { type: 'user', ...shared },
    ...(['mount', 'pid', 'uts', 'ipc', 'cgroup'] as const).map((type) => ({ type })),
  ];
  return network === 'host' ? own : [...own, { type: 'network', ...shared }];
};

/** Only what can be honoured: an option that would silently do nothing is an error. */
const readSecurityOptions = (options: readonly string[]): { readonly noNewPrivileges: boolean } => {
  let noNewPrivileges = false;
  for (const option of options) {
    const [name, value] = option.split(/[=:]/, 2);
    if (name === 'no-new-privileges' && (value ?? 'true') === 'true') noNewPrivileges = true;
    else if (name === 'no-new-privileges' && value === 'false') noNewPrivileges = false;
    else if (!['seccomp=unconfined', 'apparmor=unconfined', 'label=disable'].includes(option.replace(':', '='))) {
      throw sampanError('ERR_NOT_SUPPORTED', { subject: `--security-opt ${option}` });
    }
  }
  return { noNewPrivileges };
};

const rlimit = ({ name, soft, hard }: UlimitRequest): RlimitConfig => ({
  type: `RLIMIT_${name.toUpperCase()}`,
  soft,
  hard,
});

// ---- mounts --------------------------------------------------------------------------------------------------------

/** In the order of mounting: system mounts, devices, generated files, then the user's by depth of their target. */
const mountsOf = (input: ConfigInput): readonly MountConfig[] => {
  const { request } = input;
  const users = [...request.mounts].map(userMount).sort((a, b) => depth(a.destination) - depth(b.destination));
  const taken = new Set(users.map((mount) => normalize(mount.destination)));
  const system = [...kernelMounts(input), ...deviceMounts(request), ...etcMounts(input)];
  return [...system.filter((mount) => !taken.has(mount.destination)), ...users];
};

const normalize = (path: string): string => path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
const depth = (path: string): number => normalize(path).split('/').length;

const fresh = (type: string, destination: string, options: readonly string[], source = type): MountConfig => ({
  destination,
  type,
  source,
  options,
});
const bind = (source: string, destination: string, options: readonly string[]): MountConfig => ({
  destination,
  type: 'bind',
  source,
  options,
});

const kernelMounts = ({ request, network, idMap, cgroupV2 }: ConfigInput): readonly MountConfig[] => {
  const hardened = ['nosuid', 'noexec', 'nodev'];
  const sysAccess = request.privileged ? [] : ['ro'];
  // Group 5 (tty) exists only when more than one id is mapped.
  const ttyGroup = idMap.mode === 'single' ? [] : ['gid=5'];
  // A new sysfs shows a network namespace; the host's one is not ours to show, so its /sys is bound read-only instead.
  const sys =
    network !== 'host'
      ? fresh('sysfs', '/sys', [...hardened, ...sysAccess])
      : bind('/sys', '/sys', ['rbind', 'ro', ...hardened]);
  const cgroup =
    cgroupV2 && network !== 'host' ? [fresh('cgroup2', '/sys/fs/cgroup', [...hardened, ...sysAccess], 'cgroup')] : [];
  return [
    fresh('proc', '/proc', hardened),
    fresh('tmpfs', '/dev', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    fresh('devpts', '/dev/pts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', ...ttyGroup]),
    sys,
    ...cgroup,
    fresh('mqueue', '/dev/mqueue', hardened),
    fresh('tmpfs', '/dev/shm', [...hardened, 'mode=1777', `size=${String(request.shmSizeBytes)}`], 'shm'),
  ];
};

/** Device nodes cannot be made in a user namespace: the host's are bound. */
const deviceMounts = (request: CreateRequest): readonly MountConfig[] => {
  const usual = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
  const privileged = request.privileged
    ? ['net/tun', 'fuse', 'kvm'].map((name) => ({ name, options: ['bind', 'optional'] }))
    : [];
  return [...usual.map((name) => ({ name, options: ['bind'] })), ...privileged].map(({ name, options }) =>
    bind(`/dev/${name}`, `/dev/${name}`, [...options, 'nosuid', 'noexec']),
  );
};

/** Read-only with the root, as docker has it. */
const etcMounts = ({ etcFiles, request }: ConfigInput): readonly MountConfig[] =>
  Object.entries(etcFiles).map(([name, source]) =>
    bind(source, `/etc/${name}`, ['bind', 'rprivate', ...(request.readOnlyRootfs ? ['ro'] : [])]),
  );

const userMount = (mount: MountRequest): MountConfig => {
  const access = mount.readOnly ? ['ro'] : [];
  if (mount.type === 'tmpfs') {
    const defaults = ['nosuid', 'nodev', 'noexec'].filter((option) => !mount.options.includes(option.slice(2)));
    return fresh('tmpfs', mount.target, [
      ...defaults,
      ...access,
      ...mount.options.filter((o) => !['suid', 'dev', 'exec'].includes(o)),
    ]);
  }
  const kind = mount.nonRecursive === true ? 'bind' : 'rbind';
  return bind(mount.source, mount.target, [kind, ...access, mount.propagation ?? 'rprivate']);
};
