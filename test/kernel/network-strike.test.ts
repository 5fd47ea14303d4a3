// SPDX-License-Identifier: Apache-2.0
// Crash-only, with networks: the command line, the monitor, the container's init, or one of the two processes of the
// network is killed at a random moment of what changes networks. Then a neighbour on the same network is still reached,
// the same port can be published again, and in the end nothing is left. The seed is printed; SAMPAN_TEST_SEED repeats a
// run's choices (the kernel's timing it cannot repeat), SAMPAN_TEST_ROUNDS plays more or fewer.

import { setTimeout as sleep } from 'node:timers/promises';
import { freeRange, ownLoopback } from '../support/free-port.js';
import { childrenOf, monitorOf } from '../support/monitor.js';
import { agentPid, netdPid } from '../support/netd.js';
import { poll } from '../support/poll.js';
import { makeRandom } from '../support/random.js';
import { requires } from '../support/requires.js';
import { findLeaks } from '../support/sandbox.js';
import { image, ok, sandbox, startTool, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'busybox', 'dev-net-tun');

const rounds = Number(process.env['SAMPAN_TEST_ROUNDS'] ?? 30);
const seed = Number(process.env['SAMPAN_TEST_SEED'] ?? Date.now() % 1_000_000);

const random = makeRandom(seed);
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T; // never out of bounds

/** The port that every container publishes: one that stays behind would be in the way of the next. */
let port = 0;
const address = ownLoopback();
beforeAll(async () => {
  port = await freeRange(2);
});
const [first, second] = [uniqueName('net'), uniqueName('net')];

interface Scenario {
  /** whether the container runs before */
  readonly running: boolean;
  readonly command: (name: string, sleeper: readonly string[]) => readonly string[];
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'run -d': { running: false, command: (_, sleeper) => ['run', '-d', ...sleeper] },
  'run -d --rm': { running: false, command: (_, sleeper) => ['run', '-d', '--rm', ...sleeper] },
  stop: { running: true, command: (name) => ['stop', '-t', '0', name] },
  restart: { running: true, command: (name) => ['restart', '-t', '0', name] },
  'rm -f': { running: true, command: (name) => ['rm', '-f', name] },
  'network connect': { running: true, command: (name) => ['network', 'connect', second, name] },
  'network disconnect': { running: true, command: (name) => ['network', 'disconnect', first, name] },
  'port add': { running: true, command: (name) => ['port', 'add', name, '-p', `${address}:${String(port + 1)}:81`] },
  'port rm': { running: true, command: (name) => ['port', 'rm', name, '-p', `${address}:${String(port)}:80`] },
  rename: { running: true, command: (name) => ['rename', name, `${name}-new`] },
};

const victims = {
  'command line': () => undefined,
  monitor: monitorOf,
  init: (name: string) => childrenOf(monitorOf(name) ?? 0)[0],
  netd: netdPid,
  agent: agentPid,
} as const satisfies Readonly<Record<string, (name: string) => number | undefined>>;

type Victim = keyof typeof victims;

const killIfThere = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended on its own first
  }
};

const strike = async (args: readonly string[], name: string, victim: Victim): Promise<void> => {
  const started = startTool(args);
  await sleep(random() * 300);
  if (victim === 'command line') started.kill('SIGKILL');
  else killIfThere(victims[victim](name));
  await started;
};

/** By name, which takes the lease of each, netd and the agent. */
const reaches = async (from: string, to: string): Promise<boolean> =>
  (await tool(['exec', from, 'busybox', 'ping', '-c', '1', '-W', '1', to])).exitCode === 0;

const playRound = async (kind: string, victim: Victim, neighbour: string, reference: string): Promise<void> => {
  const scenario = scenarios[kind];
  if (scenario === undefined) throw new Error(kind);
  const name = uniqueName('crash');
  const published = ['-p', `${address}:${String(port)}:80`];
  const sleeper = ['--network', first, ...published, '--name', name, reference, 'sleep', '100'];
  if (scenario.running) await ok(['run', '-d', ...sleeper]);
  await strike(scenario.command(name, sleeper), name, victim);
  const others = (await ok(['ps', '-a', '--format', '{{.Names}}']))
    .split('\n')
    .filter((one) => one !== '' && one !== neighbour);
  if (others.length > 0) await ok(['rm', '-f', ...others]);
  await ok(['run', '-d', ...sleeper]);
  await poll(() => reaches(name, neighbour), { what: 'the neighbour' });
  await ok(['rm', '-f', name]);
};

container.test(
  `networks outlive kill -9 at random moments, ${String(rounds)} times, and leave nothing`,
  async () => {
    const reference = await image();
    for (const network of [first, second]) await ok(['network', 'create', network]);
    const neighbour = uniqueName('neighbour');
    await ok(['run', '-d', '--name', neighbour, '--network', first, reference, 'sleep', '600']);
    for (let round = 0; round < rounds; round++) {
      const kind = pick(Object.keys(scenarios));
      const victim = pick(Object.keys(victims) as Victim[]); // keys of a literal
      const where = `seed ${String(seed)}, round ${String(round)}, ${kind}, ${victim} killed`;
      await playRound(kind, victim, neighbour, reference).catch((cause: unknown) => {
        throw new Error(where, { cause });
      });
    }
    await ok(['rm', '-f', neighbour]);
    await ok(['network', 'rm', first, second]);
    expect((await findLeaks(sandbox())).map((text) => `seed ${String(seed)}: ${text}`)).toEqual([]);
  },
  1_800_000,
);
