// SPDX-License-Identifier: Apache-2.0
// Commands that change the network of a running container, killed at random moments: the same command again finishes the
// rest, and then netd has what the records say, no more and no less. The seed is printed with a failure; SAMPAN_TEST_SEED
// repeats a run's choices, SAMPAN_TEST_NETWORK_ROUNDS plays more.

import { setTimeout as sleep } from 'node:timers/promises';
import { freeRange, ownLoopback } from '../support/free-port.js';
import { makeRandom } from '../support/random.js';
import { requires } from '../support/requires.js';
import { findLeaks, readText } from '../support/sandbox.js';
import { image, ok, sandbox, startTool, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'busybox', 'dev-net-tun');

const rounds = Number(process.env['SAMPAN_TEST_NETWORK_ROUNDS'] ?? 12);
const seed = Number(process.env['SAMPAN_TEST_SEED'] ?? Date.now() % 1_000_000);
const random = makeRandom(seed);

const address = ownLoopback();
let ports = 0;
beforeAll(async () => {
  ports = await freeRange(3);
});

/** The container that is changed, and a network that it may be on. */
interface Scene {
  readonly name: string;
  readonly network: string;
}

interface Scenario {
  /** of the container's start */
  readonly flags?: readonly string[];
  readonly before?: (scene: Scene) => readonly string[];
  readonly command: (scene: Scene) => readonly string[];
  /** what the repeated command may say when the killed one was done already */
  readonly whenDone: string;
  readonly publishedPorts?: number;
  readonly networks?: readonly string[];
}

const both = ['bridge', 'other'] as const;

const scenarios: Readonly<Record<string, Scenario>> = {
  'network connect': {
    command: ({ name, network }) => ['network', 'connect', '--alias', 'late', network, name],
    whenDone: 'already on network',
    networks: both,
  },
  'network disconnect': {
    before: ({ name, network }) => ['network', 'connect', network, name],
    command: ({ name, network }) => ['network', 'disconnect', network, name],
    whenDone: 'not on network',
  },
  'network disconnect of the way out': {
    flags: ['-p', `${address}::80`],
    before: ({ name, network }) => ['network', 'connect', network, name],
    command: ({ name }) => ['network', 'disconnect', 'bridge', name],
    whenDone: 'not on network',
    networks: ['other'],
    publishedPorts: 1,
  },
  'network connect to a way out': {
    flags: ['-p', `${address}::80`, '-p', `${address}::81/tcp`],
    before: ({ name }) => ['network', 'disconnect', 'bridge', name],
    command: ({ name, network }) => ['network', 'connect', network, name],
    whenDone: 'already on network',
    networks: ['other'],
    publishedPorts: 2,
  },
  'port add': {
    command: ({ name }) => ['port', 'add', name, '-p', `${address}:${String(ports)}-${String(ports + 2)}:80-82`],
    whenDone: 'already allocated',
    publishedPorts: 3,
  },
  'port rm': {
    flags: ['-p', `${address}::80`, '-p', `${address}::81`],
    command: ({ name }) => ['port', 'rm', name, '-p', '80'],
    whenDone: 'no public port',
    publishedPorts: 1,
  },
};

/** As /proc/net/tcp writes the address: its bytes backwards. */
const inTable = Buffer.from(address.split('.').map(Number).reverse()).toString('hex').toUpperCase();

/** Listening sockets at the address where these containers alone publish: netd's, which nobody may look into. */
const listeners = (): number =>
  readText('/proc/self/net/tcp')
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.startsWith(`${inTable}:`) === true).length;

const strike = async (args: readonly string[]): Promise<void> => {
  const started = startTool(args);
  await sleep(60 + random() * 240);
  started.kill('SIGKILL');
  await started;
};

const shownNetworks = async ({ name, network }: Scene): Promise<readonly string[]> => {
  const text = await ok(['inspect', '-f', '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}', name]);
  return text
    .trim()
    .split(' ')
    .map((one) => (one === network ? 'other' : one))
    .sort();
};

/** What is wrong after the repeated command; empty when all is well. */
const untruths = async (scene: Scene, scenario: Scenario): Promise<readonly string[]> => {
  const wanted = [...(scenario.networks ?? ['bridge'])].sort();
  const wrong: string[] = [];
  const expectSame = (what: string, seen: unknown, expected: unknown): void => {
    if (JSON.stringify(seen) !== JSON.stringify(expected))
      wrong.push(`${what}: ${JSON.stringify(seen)} instead of ${JSON.stringify(expected)}`);
  };
  expectSame('inspect', await shownNetworks(scene), wanted);
  const inside = await ok([
    'exec',
    scene.name,
    'sh',
    '-c',
    'ls /sys/class/net | grep -c eth; grep -c "	$(cat /etc/hostname)$" /etc/hosts; grep -cx mine /etc/hosts; ip route',
  ]);
  const [interfaces, ownLines, linesOfOthers] = inside.split('\n').map(Number);
  expectSame('interfaces', interfaces, wanted.length);
  expectSame('its own lines in /etc/hosts', ownLines, wanted.length);
  expectSame('lines of others in /etc/hosts', linesOfOthers, 1);
  if (!inside.includes('default via')) wrong.push('no default route');
  const asked = await tool(['exec', scene.name, 'busybox', 'nslookup', scene.name]);
  if (asked.exitCode !== 0) wrong.push(`its name server does not answer: ${asked.stdout}${asked.stderr}`);
  const ports = (await ok(['port', scene.name])).split('\n').filter(Boolean).length;
  expectSame('ports', ports, scenario.publishedPorts ?? 0);
  expectSame('listeners of netd', listeners(), scenario.publishedPorts ?? 0);
  const asked2 = JSON.parse(await ok(['inspect', '-f', '{{json .HostConfig.PortBindings}}', scene.name])) as object;
  expectSame('requests', Object.values(asked2).flat().length, scenario.publishedPorts ?? 0);
  return wrong;
};

const playRound = async (scenario: Scenario): Promise<readonly string[]> => {
  const scene = { name: uniqueName('crash'), network: uniqueName('net') };
  await ok(['network', 'create', scene.network]);
  await ok(['run', '-d', '--name', scene.name, ...(scenario.flags ?? []), await image(), 'sleep', '100']);
  await ok(['exec', scene.name, 'sh', '-c', 'echo mine >>/etc/hosts']);
  if (scenario.before !== undefined) await ok(scenario.before(scene));
  const command = scenario.command(scene);
  await strike(command);
  const again = await tool(command);
  const isDone = again.exitCode === 0 || again.stderr.includes(scenario.whenDone);
  const wrong = isDone ? await untruths(scene, scenario) : [again.stderr];
  await ok(['rm', '-f', scene.name]);
  await ok(['network', 'rm', scene.network]);
  return [...wrong, ...(await findLeaks(sandbox()))];
};

container.test(
  `the same command finishes the rest of a killed one, ${String(rounds)} times`,
  async () => {
    await image();
    const kinds = Object.keys(scenarios);
    for (let round = 0; round < rounds; round++) {
      const kind = kinds[round % kinds.length] ?? '';
      const scenario = scenarios[kind];
      const wrong = scenario === undefined ? [] : await playRound(scenario);
      expect(wrong.map((text) => `seed ${String(seed)}, round ${String(round)}, ${kind}: ${text}`)).toEqual([]);
    }
  },
  1_800_000,
);

container.test(
  'a rename that was killed is finished by the same command, also for those who ask for the name',
  async () => {
    const asker = uniqueName('asker');
    await ok(['run', '-d', '--name', asker, await image(), 'sleep', '500']);
    const found = async (name: string): Promise<boolean> =>
      (await tool(['exec', asker, 'busybox', 'nslookup', name])).exitCode === 0;
    for (let round = 0; round < 3; round++) {
      const [name, renamed] = [uniqueName('crash'), uniqueName('renamed')];
      const id = await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
      await strike(['rename', name, renamed]);
      const again = await tool(['rename', name, renamed]);
      if (again.exitCode !== 0) expect(again.stderr).toContain('no such container');
      expect(await ok(['inspect', '-f', '{{.Id}}', renamed])).toBe(id);
      expect([await found(renamed), await found(name)]).toEqual([true, false]);
      await ok(['rm', '-f', renamed]);
    }
    await ok(['rm', '-f', asker]);
  },
  200_000,
);
