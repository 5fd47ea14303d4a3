// SPDX-License-Identifier: Apache-2.0
// `system check`: each thing the engine needs is tried by doing it, in a throw-away namespace. Reading a setting is not
// enough: AppArmor (Ubuntu 24.04 and later) lets unshare succeed and then refuses every capability in the namespace, so
// the probe mounts something.

import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUTS,
  MS_REC,
  MS_SLAVE,
} from '../../native/constants.js';
import type { Native } from '../../native/native.js';
import type { PlanOperation } from '../../native/protocol.js';
import { findDelegatedCgroup, isCgroupV2 } from '../../runtime/cgroup.js';
import { rootOf, singleIdMap, type IdMap } from '../../runtime/id-map.js';
import { runMapped } from '../../runtime/tasks.js';
import { makeOwnedDirectory } from '../../store/owned-directory.js';
import { makeScratch, type RemoveTree } from '../../store/scratch.js';
import type { Paths } from '../../store/paths.js';
import type { CheckResult } from '../contract.js';

export interface CheckContext {
  readonly paths: Paths;
  readonly native: () => Native;
  readonly idMap: () => IdMap;
  readonly removeTree: RemoveTree;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** In the order of dependence: what fails first explains what fails later. */
export const checkSystem = async (context: CheckContext): Promise<readonly CheckResult[]> => {
  const scratch = makeScratch(context.paths);
  try {
    const owner = rootOf(context.idMap());
    for (const name of ['lower', 'upper', 'work', 'rootfs', 'source']) {
      makeOwnedDirectory(join(scratch, name), 0o755, owner);
    }
    const results = [checkKernel(), checkAddon(context)];
    for (const probe of probes) results.push(await runProbe(context, probe, scratch));
    return [...results, checkSubIds(context), checkTun(), checkCgroup(), checkRuntimeDirectory(context)];
  } finally {
    await context.removeTree(scratch);
  }
};

// ---- probes in a namespace -----------------------------------------------------------------------------------------

interface Probe {
  readonly name: string;
  readonly ok: string;
  readonly flags: number;
  readonly operations: (scratch: string) => readonly PlanOperation[];
  readonly fix: (context: CheckContext) => string;
}

const prepare = (scratch: string): readonly PlanOperation[] => [
  { op: 'mount_propagation', source: '/', flags: BigInt(MS_REC | MS_SLAVE) },
  { op: 'root_bind', source: join(scratch, 'source'), rootfs: join(scratch, 'rootfs') },
];
const mountFresh = (fstype: string): PlanOperation => ({
  op: 'mount_fs',
  fstype,
  source: fstype,
  target: `/${fstype}`,
  flags: 0n,
  create: 1,
});

const probes: readonly Probe[] = [
  { name: 'userns', ok: 'user namespaces can be made', flags: 0, operations: () => [], fix: () => userNamespaceFix() },
  {
    name: 'mount-in-userns',
    ok: 'file systems can be mounted inside a user namespace',
    flags: CLONE_NEWNS,
    operations: (scratch) => [...prepare(scratch), mountFresh('tmpfs')],
    fix: () => appArmorFix() ?? userNamespaceFix(),
  },
  {
    name: 'overlay',
    ok: 'overlay works in the data directory',
    flags: CLONE_NEWNS,
    operations: (scratch) => [
      { op: 'mount_propagation', source: '/', flags: BigInt(MS_REC | MS_SLAVE) },
      {
        op: 'root_overlay',
        rootfs: join(scratch, 'rootfs'),
        lower: [join(scratch, 'lower')],
        upper: join(scratch, 'upper'),
        work: join(scratch, 'work'),
        flags: 0,
      },
    ],
    fix: ({ paths }) =>
      `export XDG_DATA_HOME=<a directory on ext4, xfs, btrfs or tmpfs>; ${paths.dataRoot} cannot carry overlay`,
  },
  {
    name: 'namespaces',
    ok: 'pid, uts, ipc, network and cgroup namespaces can be made',
    flags: CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP,
    operations: () => [
      { op: 'set_hostname', name: 'sampan-check' },
      { op: 'link_up', name: 'lo' },
    ],
    fix: () => 'use a kernel with CONFIG_PID_NS, CONFIG_UTS_NS, CONFIG_IPC_NS, CONFIG_NET_NS and CONFIG_CGROUPS',
  },
  {
    name: 'proc',
    ok: 'a fresh /proc can be mounted',
    flags: CLONE_NEWNS | CLONE_NEWPID,
    operations: (scratch) => [...prepare(scratch), mountFresh('proc')],
    fix: () =>
      'the /proc here is masked (a container?): run the outer container with its /proc unmasked (docker: --security-opt systempaths=unconfined)',
  },
];

const runProbe = async (context: CheckContext, probe: Probe, scratch: string): Promise<CheckResult> => {
  const { name } = probe;
  try {
    await runMapped(
      context.native(),
      ownIdMap(context),
      { operations: probe.operations(scratch), title: 'sampan-check' },
      probe.flags,
    );
    return { name, status: 'ok', detail: probe.ok };
  } catch (error) {
    return { name, status: 'failed', detail: causeOf(error), fix: probe.fix(context) };
  }
};

/** Only the user itself: these probes must not depend on sub-ids. Root maps sub-ids, as it does for containers. */
const ownIdMap = ({ idMap }: CheckContext): IdMap => {
  const uid = process.geteuid?.() ?? -1;
  if (uid === 0) return idMap();
  return singleIdMap({ uid, gid: process.getegid?.() ?? -1 });
};

const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};

// ---- fixes ---------------------------------------------------------------------------------------------------------

const setting = (path: string): string | undefined => {
  try {
    return readFileSync(join('/proc/sys', path), 'utf8').trim();
  } catch {
    // this kernel has no such setting
    return undefined;
  }
};

const appArmorFix = (): string | undefined =>
  setting('kernel/apparmor_restrict_unprivileged_userns') === '1'
    ? "sudo sh -c 'echo kernel.apparmor_restrict_unprivileged_userns=0 > /etc/sysctl.d/60-sampan.conf && sysctl --system'"
    : undefined;

const userNamespaceFix = (): string => {
  if (setting('kernel/unprivileged_userns_clone') === '0') {
    return "sudo sh -c 'echo kernel.unprivileged_userns_clone=1 > /etc/sysctl.d/60-sampan.conf && sysctl --system'";
  }
  if (setting('user/max_user_namespaces') === '0') {
    return "sudo sh -c 'echo user.max_user_namespaces=28633 > /etc/sysctl.d/60-sampan.conf && sysctl --system'";
  }
  return (
    appArmorFix() ??
    'use a kernel with CONFIG_USER_NS, and a container or sandbox around this shell that allows user namespaces'
  );
};

// ---- plain checks --------------------------------------------------------------------------------------------------

const oldestKernel = [5, 11] as const;

const checkKernel = (): CheckResult => {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const enough = major > oldestKernel[0] || (major === oldestKernel[0] && minor >= oldestKernel[1]);
  const detail = `Linux ${release()}`;
  return enough
    ? { name: 'kernel', status: 'ok', detail }
    : { name: 'kernel', status: 'failed', detail, fix: 'install Linux 5.11 or later' };
};

const checkAddon = ({ native }: CheckContext): CheckResult => {
  try {
    native();
    return { name: 'native', status: 'ok', detail: 'the native parts are built and load' };
  } catch (error) {
    return { name: 'native', status: 'failed', detail: causeOf(error), fix: 'npm rebuild sampan' };
  }
};

const checkSubIds = ({ idMap }: CheckContext): CheckResult => {
  const { mode, uids, reason } = idMap();
  const count = uids.reduce((sum, { size }) => sum + size, 0);
  if (mode !== 'single')
    return { name: 'subids', status: 'ok', detail: `${String(count)} user ids inside a container (${mode})` };
  return {
    name: 'subids',
    status: 'warning',
    detail: `one user id only: ${reason?.text ?? 'no sub-ids'}; images with several users will not work`,
    ...(reason === undefined ? {} : { fix: reason.fix }),
  };
};

const checkTun = (): CheckResult => {
  const path = '/dev/net/tun';
  try {
    closeSync(openSync(path, 'r+'));
    return { name: 'tun', status: 'ok', detail: `${path} can be opened` };
  } catch (error) {
    const fix = existsSync(path) ? `sudo chmod 666 ${path}` : 'sudo modprobe tun';
    return {
      name: 'tun',
      status: 'warning',
      detail: `${path}: ${causeOf(error)}; needed for networks other than none and host`,
      fix,
    };
  }
};

const checkCgroup = (): CheckResult => {
  const own = findDelegatedCgroup();
  if (own !== undefined)
    return { name: 'cgroup', status: 'ok', detail: `containers get cgroups of their own below ${own}` };
  const detail = isCgroupV2()
    ? 'the cgroup of this shell is not delegated to you; containers share it'
    : 'no pure cgroup v2 hierarchy; containers share the cgroup of this shell';
  const fix = isCgroupV2()
    ? 'systemd-run --user --scope -p Delegate=yes $SHELL'
    : 'boot with systemd.unified_cgroup_hierarchy=1';
  return { name: 'cgroup', status: 'warning', detail, fix };
};

const checkRuntimeDirectory = ({ paths, env }: CheckContext): CheckResult => {
  const name = 'runtime-directory';
  const given = env['XDG_RUNTIME_DIR'];
  if (given !== undefined && paths.runtimeRoot.startsWith(given))
    return { name, status: 'ok', detail: paths.runtimeRoot };
  accessSync(paths.runtimeRoot, constants.W_OK);
  return {
    name,
    status: 'warning',
    detail: `XDG_RUNTIME_DIR is ${given === undefined ? 'not set' : `${given}, which is not a directory of yours alone`}; using ${paths.runtimeRoot}`,
    fix: 'export XDG_RUNTIME_DIR=/run/user/$(id -u)',
  };
};
