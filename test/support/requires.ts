// SPDX-License-Identifier: Apache-2.0
// What a kernel test needs of the machine, by word: `requires('tmux', 'subids').test('...', ...)`. Each word is probed by
// doing it, once per file. What is missing is skipped under its own name with the reason; in CI a skip of something that
// this machine can do is a failure.

import { spawnSync } from 'node:child_process';
import {
  accessSync,
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  rmdirSync,
  statfsSync,
} from 'node:fs';
import { networkInterfaces, release, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { hostAddress } from './host-address.js';

interface Feature {
  /** undefined when it is there, else what is wrong */
  readonly probe: () => string | undefined;
  /** why this machine cannot have it at all; undefined when somebody only forgot to set it up */
  readonly impossible?: () => string | undefined;
}

/** Words that are programs. */
const programs = [
  'tmux',
  'skopeo',
  'docker-registry',
  'python3',
  'vi',
  'less',
  'top',
  'unshare',
  'setcap',
  'setfattr',
  'zstd',
  'tar',
] as const;
const cgroup2Magic = 0x6367_7270;

const done = (command: readonly string[], input?: string): string | undefined => {
  const [program = '', ...args] = command;
  const { status, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  });
  if (error !== undefined) return error.message;
  return status === 0
    ? undefined
    : `'${command.join(' ')}' failed: ${stderr.trim() || `exit status ${String(status)}`}`;
};

const hasProgram = (name: string): boolean =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      // not in this directory
      return false;
    }
  });

const hasIpv6Loopback = (): boolean =>
  Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

const probeOverlay = (): string | undefined => {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-probe-'));
  try {
    for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(directory, name));
    const options = ['lowerdir=lower', 'upperdir=upper', 'workdir=work', 'userxattr']
      .map((option) => option.replace('=', `=${directory}/`))
      .join(',');
    return done([
      'unshare',
      '--user',
      '--map-root-user',
      '--mount',
      'mount',
      '-t',
      'overlay',
      'overlay',
      '-o',
      options,
      join(directory, 'merged'),
    ]);
  } finally {
    // overlay leaves work/work without any permission
    spawnSync('chmod', ['-R', 'u+rwx', directory]);
    rmSync(directory, { recursive: true, force: true });
  }
};

const probeCgroup = (): string | undefined => {
  const own = /^0::(\/.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  if (own === undefined || !isPureV2()) return 'no pure cgroup v2 hierarchy';
  const path = join('/sys/fs/cgroup', own, `sampan-probe-${String(process.pid)}`);
  try {
    mkdirSync(path);
    rmdirSync(path);
    return undefined;
  } catch (error) {
    return String(error);
  }
};

const isPureV2 = (): boolean => existsSync('/sys/fs/cgroup') && statfsSync('/sys/fs/cgroup').type === cgroup2Magic;

const features: Readonly<Record<string, Feature>> = {
  userns: { probe: () => done(['unshare', '--user', '--map-root-user', 'true']) },
  'mount-in-userns': {
    probe: () => done(['unshare', '--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']),
  },
  'overlay-in-userns': { probe: probeOverlay },
  // root's own containers use a documented default range: nothing to ask for
  subids: {
    probe: () =>
      process.getuid?.() === 0 ? undefined : done(['unshare', '--user', '--map-root-user', '--map-auto', 'true']),
  },
  'dev-net-tun': {
    probe: () => {
      try {
        closeSync(openSync('/dev/net/tun', 'r+'));
        return undefined;
      } catch (error) {
        return String(error);
      }
    },
    impossible: () => (existsSync('/dev/net/tun') ? undefined : 'this kernel has no tun device'),
  },
  'cgroup-v2-delegated': {
    probe: probeCgroup,
    impossible: () => (isPureV2() ? undefined : 'this machine mounts cgroup v1; the guest tests cover it'),
  },
  'host-address': {
    probe: () => (hostAddress() === undefined ? 'the machine has no IPv4 address but loopback' : undefined),
    impossible: () => (hostAddress() === undefined ? 'the machine has no IPv4 address but loopback' : undefined),
  },
  'ipv6-loopback': {
    probe: () => (hasIpv6Loopback() ? undefined : 'the machine has no ::1'),
    impossible: () => (hasIpv6Loopback() ? undefined : 'the machine has no ::1'),
  },
  busybox: {
    probe: () => (['/bin/busybox', '/usr/bin/busybox'].some((path) => existsSync(path)) ? undefined : 'no busybox'),
  },
  'debian-image': {
    probe: () => {
      const directory = process.env['SAMPAN_TEST_DEBIAN'];
      if (directory === undefined)
        return process.env['SAMPAN_TEST_DEBIAN_ERROR'] ?? 'only root can make it: start the tests as root';
      return existsSync(join(directory, 'rootfs.tar')) ? undefined : `${directory} has no rootfs.tar`;
    },
    impossible: () => {
      if (!hasProgram('apt-get')) return 'this is no Debian';
      return process.env['SAMPAN_TEST_DEBIAN_ERROR'] === undefined ? 'the tests were not started by root' : undefined;
    },
  },
  'two-machines': {
    probe: () =>
      process.env['SAMPAN_TEST_MACHINES'] === undefined
        ? 'only root can make the namespaces that play them: start scripts/test-programs.mjs as root'
        : undefined,
    impossible: () =>
      process.env['SAMPAN_TEST_MACHINES'] === undefined ? 'the tests were not started by root' : undefined,
  },
  root: { probe: () => (process.getuid?.() === 0 ? undefined : 'not root') },
  ...Object.fromEntries(
    programs.map((name) => [name, { probe: () => (hasProgram(name) ? undefined : `no program ${name}`) }]),
  ),
};

const kernelFeature = (version: string): Feature => {
  const probe = (): string | undefined => {
    const [have, need] = [release(), version].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
    const difference = (have?.[0] ?? 0) - (need?.[0] ?? 0) || (have?.[1] ?? 0) - (need?.[1] ?? 0);
    return difference >= 0 ? undefined : `this is Linux ${release()}`;
  };
  return { probe, impossible: probe };
};

const answers = new Map<string, string | undefined>();

/** Why the word is missing; undefined when it is there. An unknown word is a mistake in the test. */
export const missing = (word: string): string | undefined => {
  if (!answers.has(word)) answers.set(word, featureOf(word).probe());
  return answers.get(word);
};

const featureOf = (word: string): Feature => {
  const feature = word.startsWith('kernel>=') ? kernelFeature(word.slice('kernel>='.length)) : features[word];
  if (feature === undefined)
    throw new Error(`requires(): unknown word ${word} (there are: ${Object.keys(features).join(', ')}, kernel>=X.Y)`);
  return feature;
};

type TestFunction = (name: string, run: () => Promise<void>, timeoutMs?: number) => void;

export const requires = (...words: readonly string[]): { readonly test: TestFunction } => {
  const lacking = words.find((word) => missing(word) !== undefined);
  if (lacking === undefined) return { test };
  const reason = missing(lacking) ?? '';
  const possible = featureOf(lacking).impossible?.() === undefined;
  const instead = process.env['CI'] !== undefined && possible ? failingTest : skippedTest;
  return {
    test: (name) => {
      instead(name, lacking, reason);
    },
  };
};

const failingTest = (name: string, word: string, reason: string): void => {
  test(name, () => {
    throw new Error(`needs ${word}, which this machine can have: ${reason}`);
  });
};

const skippedTest = (name: string, word: string, reason: string): void => {
  const state = process.env['SAMPAN_TEST_STATE'];
  if (state !== undefined)
    appendFileSync(join(state, 'skips.ndjson'), `${JSON.stringify({ word, reason, test: name })}\n`);
  test.skip(`${name} [needs ${word}: ${reason}]`, () => undefined);
};
