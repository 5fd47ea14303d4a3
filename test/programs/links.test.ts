// SPDX-License-Identifier: Apache-2.0
// Transfers with their sums over bad links, in both directions at once, and ends of either side: nothing is corrupted,
// nothing hangs, nothing is left.

import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { hostIp, otherIp, runAt, setLink, startOnOther } from '../support/machines.js';
import { openSockets } from '../support/netd.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { ok, uniqueName } from '../support/tool.js';

const container = requires('two-machines', 'subids', 'overlay-in-userns', 'dev-net-tun', 'python3');
const script = join(__dirname, 'transfer.py');
const python = (...args: readonly string[]): readonly string[] => ['python3', script, ...args];
/** Of one transfer each way. */
const wholeSize = process.env['SAMPAN_TEST_BYTES'] ?? '50000000';

jest.setTimeout(300_000);

const serveHere = async (): Promise<string> => {
  const name = uniqueName('transfer');
  const args = ['-d', '--name', name, '--network', 'bridge', '-p', '7500:7500', '-v', `${__dirname}:${__dirname}:ro`];
  await ok(['run', ...args, 'host', ...python('serve', '7500')]);
  await poll(async () => (await ok(['logs', name])) === 'ready');
  return name;
};

afterEach(() => setLink());

const links: readonly (readonly [string, Parameters<typeof setLink>[0], string])[] = [
  ['a good link', {}, wholeSize],
  ['1 % lost', { lost: 1 }, wholeSize],
  ['5 % lost', { lost: 5 }, String(Number(wholeSize) / 10)],
  ['20 % lost', { lost: 20 }, '200000'],
  ['one in ten doubled, one in twenty overtaken by those of 5 ms', { doubled: 10, overtaken: 5, ms: 5 }, wholeSize],
  ['half of all 20 ms late', { overtaken: 50, ms: 20 }, '2000000'],
];

for (const [title, link, size] of links) {
  container.test(`${title}: a container and another machine exchange data, whoever has called`, async () => {
    await using _server = await startOnOther(python('serve', '7501'));
    const name = await serveHere();
    await setLink(link);
    expect(await runAt('container', python('move', otherIp, '7501', size, '1'), 250_000)).toBe('2\n');
    expect(await runAt('other', python('move', hostIp, '7500', size, '1'), 250_000)).toBe('2\n');
    await setLink();
    await ok(['rm', '-f', name]);
  });
}

container.test('100 connections at once over a link that loses 2 %', async () => {
  await using _server = await startOnOther(python('serve', '7501'));
  const name = await serveHere();
  await setLink({ lost: 2 });
  expect(await runAt('container', python('move', otherIp, '7501', '100000', '50'), 250_000)).toBe('100\n');
  expect(await runAt('other', python('move', hostIp, '7500', '100000', '50'), 250_000)).toBe('100\n');
  await setLink();
  await ok(['rm', '-f', name]);
});

container.test('clients that end in the middle leave nothing open', async () => {
  await using _server = await startOnOther(python('serve', '7501'));
  const name = await serveHere();
  const before = openSockets();
  await runAt('container', python('kill', otherIp, '7501', '60'));
  await runAt('other', python('kill', hostIp, '7500', '60'));
  await poll(() => openSockets() <= before, { timeoutMs: 20_000 });
  await ok(['rm', '-f', name]);
});

container.test('a server that is killed is seen by all its clients', async () => {
  const name = await serveHere();
  const server = await startOnOther(python('serve', '7501'));
  const inside = runAt('container', python('hold', otherIp, '7501', '30'), 100_000);
  const outside = runAt('other', python('hold', hostIp, '7500', '30'), 100_000);
  await sleep(3000);
  await server[Symbol.asyncDispose]();
  await ok(['kill', name]);
  expect(await inside).toBe('holding\n30\n');
  expect(await outside).toBe('holding\n30\n');
  await ok(['rm', '-f', name]);
});
