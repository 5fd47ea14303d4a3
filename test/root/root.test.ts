// SPDX-License-Identifier: Apache-2.0
// The engine started by uid 0: it works as for anybody else, and the host's root is never inside.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { outsideMaps } from '../support/outside-maps.js';
import { requires } from '../support/requires.js';
import { image, ok, report, sandbox, tool, uniqueName } from '../support/tool.js';
import { denying, tour, tourSeen } from '../support/tour.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

container.test('runs the built-in image host', async () => {
  const result = await tool(['run', '--rm', '--network', 'none', 'host', 'sh', '-c', 'id -u; echo $$']);
  expect(result).toMatchObject({ exitCode: 0, stdout: '0\n1\n' });
});

container.test('maps no id of a container to uid 0 of the host', async () => {
  expect((await report()).uid).toBe(0);
  const { uids, gids } = await outsideMaps();
  for (const { outside } of [...uids, ...gids]) expect(outside).toBeGreaterThan(0);
});

container.test('its process is a sub-id on the host', async () => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
  const pid = await ok(['inspect', '-f', '{{.State.Pid}}', name]);
  const uids = /^Uid:\t(.*)$/m
    .exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    ?.split('\t')
    .map(Number);
  expect(uids).toHaveLength(4);
  expect(uids).not.toContain(0);
  await ok(['rm', '-f', name]);
});

container.test('what it writes belongs to a sub-id, and is removed with it', async () => {
  const name = uniqueName();
  await ok(['run', '--name', name, await image(), 'sh', '-c', 'mkdir -m 0 /made && touch /file']);
  const upper = await ok(['inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', name]);
  expect(statSync(join(upper, 'file')).uid).toBeGreaterThan(0);
  await ok(['rm', name]);
  expect(await ok(['ps', '-aq'])).toBe('');
});

container.test('keeps the data root, and the set-uid programs in it, closed to other users', async () => {
  await ok(['ps']);
  expect(statSync(sandbox().dataRoot).mode & 0o777).toBe(0o710);
});

container.test('exec enters as the container’s root, with its capabilities only', async () => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
  const seen = await ok(['exec', name, 'sh', '-c', 'id -u; grep CapBnd /proc/self/status']);
  expect(seen).toBe('0\nCapBnd:\t00000000a80425fb');
  await ok(['rm', '-f', name]);
});

container.test('system check finds all that containers need', async () => {
  const results = JSON.parse(await ok(['system', 'check', '--format', 'json'])) as readonly {
    readonly name: string;
    readonly status: string;
  }[];
  expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
});

container.test(
  'containers work without openat2 and mount_setattr, as before Linux 5.12',
  async () => {
    const [openat2, mountSetattr] = [437, 442];
    const result = await tour(denying(openat2, mountSetattr));
    expect(result).toMatchObject({ exitCode: 0, stdout: [...tourSeen, 'root', ''].join('\n') });
  },
  120_000,
);
