// SPDX-License-Identifier: Apache-2.0
// Transfers with their sums over bad links, in both directions at once, and ends of either side: nothing is corrupted,
// nothing hangs, nothing is left.

import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { hostIp, isFull, otherIp, runAt, setLink, startOnOther } from '../support/machines.js';
import { openSockets } from '../support/netd.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { ok, uniqueName } from '../support/tool.js';

const container = requires('two-machines', 'subids', 'overlay-in-userns', 'dev-net-tun', 'python3');
const python = (name: string, ...args: readonly string[]): readonly string[] => [
  'python3',
  join(__dirname, name),
  ...args,
];
const timeoutMs = isFull ? 1_200_000 : 250_000;

jest.setTimeout(3 * timeoutMs);

const serveHere = async (server = 'transfer.py'): Promise<AsyncDisposable & { readonly name: string }> => {
  const name = uniqueName('transfer');
  const args = ['-d', '--name', name, '--network', 'bridge', '-p', '7500:7500', '-v', `${__dirname}:${__dirname}:ro`];
  await ok(['run', ...args, 'host', ...python(server, 'serve', '7500')]);
  await poll(async () => (await ok(['logs', name])) === 'ready');
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await setLink();
      await ok(['rm', '-f', name]);
    },
  };
};

interface Bad {
  readonly link: Parameters<typeof setLink>[0];
  /** of all transfers of one direction together */
  readonly bytes: number;
  readonly fullBytes?: number;
  /** At once: one TCP alone hardly moves where much is lost, with us as without. */
  readonly streams?: number;
}

const whole = { bytes: 50_000_000, fullBytes: 1_000_000_000 };
const links: Readonly<Record<string, Bad>> = {
  'a good link': { link: {}, ...whole },
  '1 % lost': { link: { lost: 1 }, ...whole },
  '5 % lost': { link: { lost: 5 }, ...whole, bytes: 5_000_000 },
  '5 % lost, 50 streams': { link: { lost: 5 }, ...whole, streams: 50 },
  '20 % lost': { link: { lost: 20 }, bytes: 200_000, fullBytes: 5_000_000 },
  '20 % lost, 50 streams': { link: { lost: 20 }, ...whole, bytes: 5_000_000, streams: 50 },
  'all up to 30 ms late': { link: { overtaken: 100, ms: 30 }, ...whole },
  'one in ten doubled, one in twenty overtaken by those of 5 ms': {
    link: { doubled: 10, overtaken: 5, ms: 5 },
    ...whole,
  },
  'half of all 20 ms late': { link: { overtaken: 50, ms: 20 }, bytes: 2_000_000 },
  'all of it at once': { link: { lost: 3, doubled: 5, overtaken: 10, ms: 10 }, bytes: 2_000_000, streams: 10 },
};

for (const [title, { link, bytes, fullBytes = bytes, streams = 1 }] of Object.entries(links)) {
  container.test(`${title}: a container and another machine exchange data, whoever has called`, async () => {
    await using _server = await startOnOther(python('transfer.py', 'serve', '7501'));
    await using _here = await serveHere();
    await setLink(link);
    const much = [String((isFull ? fullBytes : bytes) / streams), String(streams)];
    const all = `${String(2 * streams)}\n`;
    expect(await runAt('container', python('transfer.py', 'move', otherIp, '7501', ...much), timeoutMs)).toBe(all);
    expect(await runAt('other', python('transfer.py', 'move', hostIp, '7500', ...much), timeoutMs)).toBe(all);
  });
}

container.test('100 connections at once over a link that loses 2 %', async () => {
  await using _server = await startOnOther(python('transfer.py', 'serve', '7501'));
  await using _here = await serveHere();
  await setLink({ lost: 2 });
  expect(await runAt('container', python('transfer.py', 'move', otherIp, '7501', '100000', '50'), timeoutMs)).toBe(
    '100\n',
  );
  expect(await runAt('other', python('transfer.py', 'move', hostIp, '7500', '100000', '50'), timeoutMs)).toBe('100\n');
});

container.test('100 connections at once, of two thirds one end is killed with data on its way', async () => {
  await using _server = await startOnOther(python('fates.py', 'serve', '7501'));
  await using _here = await serveHere('fates.py');
  const before = openSockets();
  await setLink({ lost: 1 });
  const size = isFull ? '30000000' : '3000000';
  const all = '100 as they had to, 0 unaware\n';
  expect(await runAt('container', python('fates.py', 'run', otherIp, '7501', size, '100'), timeoutMs)).toBe(all);
  expect(await runAt('other', python('fates.py', 'run', hostIp, '7500', size, '100'), timeoutMs)).toBe(all);
  expect(await runAt('host', python('fates.py', 'run', '127.0.0.1', '7500', size, '100'), timeoutMs)).toBe(all);
  await poll(() => openSockets() <= before, { timeoutMs: 30_000 });
});

container.test('clients that end in the middle leave nothing open', async () => {
  await using _server = await startOnOther(python('transfer.py', 'serve', '7501'));
  await using _here = await serveHere();
  const before = openSockets();
  await runAt('container', python('transfer.py', 'kill', otherIp, '7501', '60'));
  await runAt('other', python('transfer.py', 'kill', hostIp, '7500', '60'));
  await poll(() => openSockets() <= before, { timeoutMs: 20_000 });
});

container.test('a server that is killed is seen by all its clients', async () => {
  await using here = await serveHere();
  const server = await startOnOther(python('transfer.py', 'serve', '7501'));
  const inside = runAt('container', python('transfer.py', 'hold', otherIp, '7501', '30'), 100_000);
  const outside = runAt('other', python('transfer.py', 'hold', hostIp, '7500', '30'), 100_000);
  await sleep(3000);
  await server[Symbol.asyncDispose]();
  await ok(['kill', here.name]);
  expect(await inside).toBe('holding\n30\n');
  expect(await outside).toBe('holding\n30\n');
});
