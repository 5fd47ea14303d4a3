// SPDX-License-Identifier: Apache-2.0
// Crash-only: the command line, the monitor or the container's init is killed at a random moment of create, run, start,
// stop and rm, some hundreds of times, also when the container restarts itself or is being probed. Then the next command
// must tell the truth, and nothing may be left that no record names. The seed is printed; SAMPAN_TEST_SEED repeats a
// run's choices (the kernel's timing it cannot repeat), SAMPAN_TEST_ROUNDS plays fewer.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, isZombie, monitorOf } from '../support/monitor.js';
import { poll } from '../support/poll.js';
import { makeRandom } from '../support/random.js';
import { requires } from '../support/requires.js';
import { findLeaks, readText } from '../support/sandbox.js';
import { image, ok, sandbox, startTool, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'busybox');

const rounds = Number(process.env['SAMPAN_TEST_ROUNDS'] ?? 300);
const seed = Number(process.env['SAMPAN_TEST_SEED'] ?? Date.now() % 1_000_000);

const random = makeRandom(seed);
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T; // never out of bounds

interface Scenario {
  /** what is there before */
  readonly before: (name: string, reference: string) => readonly string[] | undefined;
  /** the command that is struck */
  readonly command: (name: string, reference: string) => readonly string[];
}

const sleepers =
  (...flags: readonly string[]) =>
  (name: string, reference: string): readonly string[] => [
    ...flags,
    '--network',
    'none',
    '--name',
    name,
    reference,
    'sleep',
    '100',
  ];
/** Ends at once, so that its monitor is mostly between two runs, or in the middle of a restart. */
const restarters =
  (...flags: readonly string[]) =>
  (name: string, reference: string): readonly string[] => [
    ...flags,
    '--restart',
    'always',
    '--network',
    'none',
    '--name',
    name,
    reference,
    'true',
  ];
/** Its monitor is mostly in the middle of a probe. */
const probed = sleepers('run', '-d', '--health-cmd', 'sleep 0.02', '--health-interval', '10ms');
const nothing = (): undefined => undefined;

const scenarios: Readonly<Record<string, Scenario>> = {
  create: { before: nothing, command: sleepers('create') },
  'run -d': { before: nothing, command: sleepers('run', '-d') },
  'run --rm': { before: nothing, command: sleepers('run', '--rm') },
  'run -d --rm': { before: nothing, command: sleepers('run', '-d', '--rm') },
  start: { before: sleepers('create'), command: (name) => ['start', name] },
  stop: { before: sleepers('run', '-d'), command: (name) => ['stop', '-t', '0', name] },
  'stop of --rm': { before: sleepers('run', '-d', '--rm'), command: (name) => ['stop', '-t', '0', name] },
  restart: { before: sleepers('run', '-d'), command: (name) => ['restart', '-t', '0', name] },
  'run -d --restart': { before: nothing, command: restarters('run', '-d') },
  'stop of a restarting one': { before: restarters('run', '-d'), command: (name) => ['stop', name] },
  'kill of a restarting one': { before: restarters('run', '-d'), command: (name) => ['kill', name] },
  'restart of a restarting one': { before: restarters('run', '-d'), command: (name) => ['restart', name] },
  'rm -f of a restarting one': { before: restarters('run', '-d'), command: (name) => ['rm', '-f', name] },
  'stop of a probed one': { before: probed, command: (name) => ['stop', '-t', '0', name] },
  'restart of a probed one': { before: probed, command: (name) => ['restart', '-t', '0', name] },
  rm: { before: sleepers('create'), command: (name) => ['rm', name] },
  'rm -f': { before: sleepers('run', '-d'), command: (name) => ['rm', '-f', name] },
};

const killIfThere = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended on its own first
  }
};

type Victim = 'command line' | 'monitor' | 'init';

/** Starts the command, waits a random moment, kills the victim, and lets what lives come to its end. */
const strike = async (args: readonly string[], name: string, victim: Victim): Promise<void> => {
  const started = startTool(args);
  await sleep(random() * 220);
  const monitor = victim === 'command line' ? undefined : monitorOf(name);
  if (victim === 'command line') started.kill('SIGKILL');
  else if (victim === 'monitor') killIfThere(monitor);
  else if (monitor !== undefined) killIfThere(childrenOf(monitor)[0]);
  // A foreground run whose victim was not there (yet) would sleep on.
  const over = await Promise.race([started.then(() => true), sleep(400, false)]);
  if (!over) started.kill('SIGKILL');
  await started;
};

const livesIn = (pid: number): boolean => pid > 0 && readText(`/proc/${String(pid)}/cmdline`) !== '' && !isZombie(pid);

/** What `ps` and `inspect` say against what /proc says. */
const untruths = async (): Promise<readonly string[]> => {
  const listed = await ok(['ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.State}}']);
  const found = await Promise.all(listed.split('\n').filter(Boolean).map(untruthIn));
  return found.filter((text) => text !== undefined);
};

const untruthIn = async (row: string): Promise<string | undefined> => {
  const [id = '', name = '', state] = row.split(' ');
  const seen = await tool(['inspect', '-f', '{{.State.Pid}}', id]);
  // a --rm container may be removed in between
  if (seen.exitCode !== 0) return undefined;
  const hasMonitor = monitorOf(name) !== undefined;
  if (state === 'running' || state === 'restarting')
    return livesIn(Number(seen.stdout)) || hasMonitor ? undefined : `${row}: no process`;
  return hasMonitor ? `${row}: its monitor lives` : undefined;
};

const leftInTmp = (): readonly string[] => readdirSync(join(sandbox().dataRoot, 'tmp'));

/** What is wrong after one strike; empty when all is well. Leaves no container. */
const playRound = async (kind: string, victim: Victim, reference: string): Promise<readonly string[]> => {
  const scenario = scenarios[kind];
  if (scenario === undefined) throw new Error(kind);
  const name = uniqueName('crash');
  const before = scenario.before(name, reference);
  if (before !== undefined) await ok(before);
  await strike(scenario.command(name, reference), name, victim);
  let lies: readonly string[] = [];
  await poll(async () => (lies = await untruths()).length === 0, { timeoutMs: 5000, optional: true });
  let left: readonly string[] = [];
  await poll(() => (left = leftInTmp()).length === 0, { timeoutMs: 5000, optional: true });
  const ids = (await ok(['ps', '-aq'])).split('\n').filter(Boolean);
  if (ids.length > 0) await tool(['rm', '-f', ...ids]);
  return [...lies, ...left.map((entry) => `tmp/${entry}`), ...(await findLeaks(sandbox()))];
};

container.test(
  `killed at random moments, ${String(rounds)} times: the next command tells the truth and nothing is left`,
  async () => {
    const reference = await image();
    for (let round = 0; round < rounds; round++) {
      const kind = pick(Object.keys(scenarios));
      const victim = pick<Victim>(['command line', 'command line', 'monitor', 'init']);
      const wrong = await playRound(kind, victim, reference);
      const where = `seed ${String(seed)}, round ${String(round)}, ${kind}, ${victim} killed`;
      expect(wrong.map((text) => `${where}: ${text}`)).toEqual([]);
    }
  },
  1_800_000,
);
