// SPDX-License-Identifier: Apache-2.0
// A data root and a runtime directory for one test file, and the check after it that nothing was left: no process of
// its containers, no mount, no temp file, no half-made record, no cgroup.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from './poll.js';

export interface Sandbox {
  readonly directory: string;
  readonly dataRoot: string;
  readonly env: Readonly<Record<string, string>>;
}

export const makeSandbox = (parent = tmpdir()): Sandbox => {
  const directory = mkdtempSync(join(parent, 'sampan-test-'));
  // an engine started by root has containers whose root is a sub-id: it must pass through
  chmodSync(directory, process.getuid?.() === 0 ? 0o711 : 0o700);
  mkdirSync(join(directory, 'run'), { mode: 0o700 });
  const { PATH = '', HOME = '', USER = '', LANG = 'C.UTF-8' } = process.env;
  return {
    directory,
    dataRoot: join(directory, 'data/sampan'),
    env: {
      PATH,
      HOME,
      USER,
      LANG,
      TERM: 'xterm',
      XDG_DATA_HOME: join(directory, 'data'),
      XDG_RUNTIME_DIR: join(directory, 'run'),
    },
  };
};

/** What is there and should not be, one line each; empty when all is well. Waits a little: processes need time to end. */
export const findLeaks = async (
  sandbox: Sandbox,
  options: { readonly containersGone?: boolean } = {},
): Promise<readonly string[]> => {
  let leaks: readonly string[] = [];
  await poll(
    () => {
      leaks = [
        ...leakedProcesses(sandbox),
        ...leakedMounts(sandbox),
        ...leakedFiles(sandbox, options.containersGone ?? true),
        ...leakedCgroups(sandbox),
      ];
      return leaks.length === 0;
    },
    // the network process stays some seconds for the next container
    { timeoutMs: 10_000, optional: true },
  );
  return leaks;
};

const leakedProcesses = ({ directory }: Sandbox): readonly string[] =>
  processIds()
    .filter((pid) => pid !== process.pid && belongsTo(pid, directory))
    .map(
      (pid) =>
        `process ${String(pid)}: ${readText(`/proc/${String(pid)}/cmdline`)
          .replaceAll('\0', ' ')
          .slice(0, 200)} (${readText(`/proc/${String(pid)}/comm`).trim()})`,
    );

export const processIds = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** A process of the sandbox names it in its environment or arguments, holds its files, or has its mounts. */
const belongsTo = (pid: number, directory: string): boolean => {
  const base = `/proc/${String(pid)}`;
  if (isOurAncestor(pid)) return false;
  if (['cmdline', 'environ'].some((name) => readText(`${base}/${name}`).includes(directory))) return true;
  if (descriptorsOf(pid).some((target) => target.startsWith(directory))) return true;
  return link(`${base}/ns/mnt`) !== ownMountNamespace && readText(`${base}/mountinfo`).includes(directory);
};

const ownMountNamespace = readlinkSync('/proc/self/ns/mnt');

const isOurAncestor = (pid: number): boolean => {
  for (let current = process.ppid; current > 1; current = parentOf(current)) if (current === pid) return true;
  return false;
};

const parentOf = (pid: number): number =>
  Number(/\nPPid:\t(\d+)/.exec(readText(`/proc/${String(pid)}/status`))?.[1] ?? 0);

const descriptorsOf = (pid: number): readonly string[] =>
  names(`/proc/${String(pid)}/fd`).map((name) => link(`/proc/${String(pid)}/fd/${name}`));

const leakedMounts = ({ directory }: Sandbox): readonly string[] =>
  readText('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(directory))
    .map((line) => `mount ${line}`);

const leakedFiles = ({ directory, dataRoot }: Sandbox, containersGone: boolean): readonly string[] => [
  ...names(join(dataRoot, 'tmp')).map((name) => `temp file tmp/${name}`),
  ...(containersGone
    ? [
        ...names(join(dataRoot, 'containers')).map((name) => `container ${name}`),
        ...names(join(dataRoot, 'names')).map((name) => `name ${name}`),
      ]
    : []),
  ...(containersGone
    ? names(join(directory, 'run/sampan'))
        .flatMap((root) => names(join(directory, 'run/sampan', root)).map((name) => join(root, name)))
        .flatMap((name) => (/\/netd-\w+$/.test(name) ? socketsOfNetd(join(directory, 'run/sampan', name)) : [name]))
        .map((name) => `socket directory ${name}`)
    : []),
  ...names(join(dataRoot, 'layers'))
    .filter((name) => !names(join(dataRoot, 'layers', name)).includes('layer.json'))
    .map((name) => `unfinished layer ${name}`),
];

/** Its directory stays, and its lock while it lives. */
const socketsOfNetd = (directory: string): readonly string[] =>
  names(directory).flatMap((name) => (name === 'netd.lock' ? [] : [join(directory, name)]));

const leakedCgroups = ({ dataRoot }: Sandbox): readonly string[] => {
  const own = /^0::(\/.*)$/m.exec(readText('/proc/self/cgroup'))?.[1];
  if (own === undefined) return [];
  const known = new Set(names(join(dataRoot, 'containers')).map((id) => `sampan-${id.slice(0, 12)}.scope`));
  return names(join('/sys/fs/cgroup', own))
    .filter((name) => name.startsWith('sampan-') && !known.has(name))
    .map((name) => `cgroup ${name}`);
};

/** Layers hold files of sub-ids, which only a namespace that maps them can remove. */
export const removeSandbox = ({ directory }: Sandbox): void => {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    execFileSync('unshare', ['--user', '--map-root-user', '--map-auto', 'rm', '-rf', directory], { stdio: 'ignore' });
  }
};

const names = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch {
    // absent, or a process that is gone or another user's
    return [];
  }
};

const link = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    // gone, or another user's
    return '';
  }
};

export const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // gone, or another user's
    return '';
  }
};
