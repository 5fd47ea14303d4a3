// SPDX-License-Identifier: Apache-2.0
// What netd holds when not everything happens in the usual order: a namespace outlives its container because somebody
// shares it, a monitor finds the next netd later than other containers do, netd dies while a container is started.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { monitorOf } from '../support/monitor.js';
import { killNetd, netdPid, withoutNetd } from '../support/netd.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'busybox', 'dev-net-tun');

const start = async (...flags: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, ...flags, await image(), 'sleep', '500']);
  return name;
};

/** One packet, without an answer of the name server's in the way. */
const reaches = async (name: string, address: string): Promise<boolean> =>
  (await tool(['exec', name, 'busybox', 'ping', '-c', '1', '-W', '2', address])).exitCode === 0;

const addressOf = (name: string): Promise<string> => ok(['inspect', '-f', '{{.NetworkSettings.IPAddress}}', name]);

/** Addresses of a network that were given out. */
const claimsOf = (network: string): readonly string[] =>
  readdirSync(join(sandbox().dataRoot, 'networks', network, 'addresses'));

container.test('who shares the network of a container that has ended does not go on with its address', async () => {
  const owner = await start();
  const sharer = await start('--network', `container:${owner}`);
  const other = await start();
  expect(await reaches(sharer, await addressOf(other))).toBe(true);
  await ok(['restart', '-t', '0', owner]);
  expect(await reaches(sharer, await addressOf(other))).toBe(false);
  expect(await reaches(owner, await addressOf(other))).toBe(true);
  await ok(['rm', '-f', owner, sharer, other]);
});

container.test(
  'a container whose monitor finds the next netd late is on one network with those who were faster',
  async () => {
    const network = uniqueName();
    await ok(['network', 'create', network]);
    const late = await start('--network', network);
    const monitor = monitorOf(late) ?? 0;
    process.kill(monitor, 'SIGSTOP');
    try {
      killNetd();
      const early = await start('--network', network);
      const address = await addressOf(late);
      expect(await reaches(early, address)).toBe(false);
      process.kill(monitor, 'SIGCONT');
      await poll(() => reaches(early, address));
      expect((await tool(['exec', late, 'busybox', 'nslookup', early])).exitCode).toBe(0);
      await ok(['rm', '-f', late, early]);
      await ok(['network', 'rm', network]);
    } finally {
      process.kill(monitor, 'SIGCONT');
    }
  },
);

container.test('a container that is being started while netd dies gets its network from the next one', async () => {
  const holder = await start();
  const dying = netdPid() ?? 0;
  // Its socket is there until the kernel has ended it, which may take a moment: this is that moment.
  process.kill(dying, 'SIGSTOP');
  const name = uniqueName();
  const starting = tool(['run', '--rm', '--name', name, await image(), 'ip', 'route']);
  try {
    await poll(() => monitorOf(name) !== undefined);
  } finally {
    process.kill(dying, 'SIGKILL');
  }
  expect(await starting).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('default via') });
  await ok(['rm', '-f', holder]);
});

container.test('a container does not run on a network that was removed while it was started', async () => {
  const [holder, network, name] = [await start(), uniqueName(), uniqueName()];
  const id = await ok(['network', 'create', network]);
  await ok(['create', '--name', name, '--network', network, await image(), 'sleep', '500']);
  // A start has its addresses then, and looks for netd, which nobody can be as yet.
  const away = withoutNetd();
  const starting = tool(['start', name]);
  try {
    await poll(() => claimsOf(id).length > 0);
    await ok(['network', 'rm', network]);
  } finally {
    away[Symbol.dispose]();
  }
  // On a busy machine it may have given up waiting for netd before that.
  expect(await starting).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/not found|does not answer/) });
  expect(await ok(['inspect', '-f', '{{.State.Running}}', name])).toBe('false');
  await ok(['rm', '-f', holder, name]);
});
