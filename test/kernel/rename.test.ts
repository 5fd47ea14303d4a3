// SPDX-License-Identifier: Apache-2.0
// rename, also killed half way.

import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { requires } from '../support/requires.js';
import { image, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

const created = async (): Promise<{ readonly name: string; readonly id: string }> => {
  const name = uniqueName('rename');
  return { name, id: await ok(['create', '--name', name, await image(), 'true']) };
};
const names = (): readonly string[] => readdirSync(join(sandbox().dataRoot, 'names'));
const idOf = (name: string): Promise<string> => ok(['inspect', '-f', '{{.Id}}', name]);

container.test('a container answers to its new name only, and the old one is free', async () => {
  const { name, id } = await created();
  const renamed = uniqueName('renamed');
  expect(await ok(['rename', name, renamed])).toBe('');
  expect(await ok(['inspect', '-f', '{{.Name}}', id])).toBe(`/${renamed}`);
  expect(await idOf(renamed)).toBe(id);
  expect((await tool(['inspect', '--type', 'container', name])).exitCode).toBe(1);
  await ok(['create', '--name', name, await image(), 'true']);
  expect(await idOf(renamed)).toBe(id);
});

container.test('a container that runs goes on under its new name', async () => {
  const name = uniqueName('rename');
  await ok(['run', '-d', '--name', name, await image(), 'sleep', '1000']);
  const renamed = uniqueName('renamed');
  await ok(['container', 'rename', name, renamed]);
  expect(await ok(['exec', renamed, 'echo', 'here'])).toBe('here');
  await ok(['rm', '-f', renamed]);
  expect(names()).not.toContain(renamed);
});

container.test('names that are taken, wrong or the same are refused', async () => {
  const [one, two] = [await created(), await created()];
  for (const [wanted, text] of [
    [two.name, 'already in use'],
    [one.name, 'the name that the container has'],
    ['-x-', 'container name'],
    ['../up', 'container name'],
  ] as const) {
    expect(await tool(['rename', '--', one.name, wanted])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(text),
    });
  }
  expect(await idOf(one.name)).toBe(one.id);
  expect(await idOf(two.name)).toBe(two.id);
  expect((await tool(['rename', 'nobody', uniqueName('x')])).stderr).toContain('no such container');
});

container.test('what a killed rename left is no name of anybody, and free', async () => {
  const { name, id } = await created();
  const left = uniqueName('left');
  symlinkSync(id, join(sandbox().dataRoot, 'names', left));
  expect((await tool(['inspect', '--type', 'container', left])).exitCode).toBe(1);
  expect(await idOf(name)).toBe(id);
  const other = await ok(['create', '--name', left, await image(), 'true']);
  expect(await idOf(left)).toBe(other);
  await ok(['rm', name, left]);
});
