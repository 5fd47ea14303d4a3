// SPDX-License-Identifier: Apache-2.0
// A container whose records are damaged or of another version is shown, is in nobody's way, and can be removed.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readIdentity } from '../../lib/util/process-identity.js';
import { netdPid } from '../support/netd.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

const records = ['record.json', 'run.json', 'exit.json', 'networks.json'] as const;
const damages = {
  'of an older version': (text: string) => text.replace(/"schema":\d+/, '"schema":0'),
  'that is no JSON': () => '{"schema":',
};

const make = async (): Promise<{ readonly name: string; readonly id: string; readonly directory: string }> => {
  const name = uniqueName();
  await ok(['run', '--name', name, await image(), 'true']);
  const id = (await ok(['inspect', '-f', '{{.Id}}', name])).trim();
  return { name, id, directory: join(sandbox().dataRoot, 'containers', id) };
};

for (const file of records) {
  for (const [damage, change] of Object.entries(damages)) {
    container.test(`a container with a ${file} ${damage} disturbs no other command, and rm -f removes it`, async () => {
      const { name, id, directory } = await make();
      const path = join(directory, file);
      writeFileSync(path, change(existsSync(path) ? readFileSync(path, 'utf8') : '{"schema":1}'));
      const other = await make();
      const rows = (await ok(['ps', '-a', '--format', '{{.ID}} {{.Names}}'])).split('\n');
      expect(rows).toContain(`${other.id.slice(0, 12)} ${other.name}`);
      expect(rows.some((row) => row.startsWith(id.slice(0, 12)))).toBe(true);
      await ok(['run', '--rm', await image(), 'true']);
      for (const command of [['info'], ['images'], ['system', 'df', '-v'], ['network', 'inspect', 'none']])
        await ok(command);
      await ok(['rm', '-f', id]);
      await ok(['rm', other.name]);
      expect(existsSync(directory)).toBe(false);
      expect(await ok(['ps', '-aq'])).toBe('');
      await ok(['run', '--rm', '--name', name, await image(), 'true']);
    });
  }
}

container.test('a container that cannot be read keeps no network process from starting', async () => {
  const { id, directory } = await make();
  writeFileSync(join(directory, 'exit.json'), '{"schema":');
  await poll(() => netdPid() === undefined);
  await ok(['run', '--rm', await image(), 'true']);
  await ok(['rm', '-f', id]);
});

container.test('a container of an older version is called dead, and says why it cannot be used', async () => {
  const { name, id, directory } = await make();
  writeFileSync(join(directory, 'exit.json'), '{"schema":1,"exitCode":0}');
  expect(await ok(['ps', '-a', '--filter', 'status=dead', '--format', '{{.Names}} {{.Status}}'])).toBe(`${name} Dead`);
  expect(await ok(['ps', '-q'])).toBe('');
  for (const command of [
    ['start', name],
    ['inspect', name],
    ['rm', name],
  ]) {
    const { exitCode, stderr } = await tool(command);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('exit.json has schema 1');
    expect(stderr).toContain(`sampan rm -f ${id.slice(0, 12)}`);
  }
  expect(await ok(['container', 'prune', '-f'])).not.toContain(id);
  await ok(['rm', '-f', name]);
});

container.test('rm -f ends what a container of an older version still runs', async () => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, await image(), 'sleep', '1000']);
  const [id, pid] = (await ok(['inspect', '-f', '{{.Id}} {{.State.Pid}}', name])).trim().split(' ');
  const directory = join(sandbox().dataRoot, 'containers', String(id));
  for (const file of ['record.json', 'run.json']) {
    const path = join(directory, file);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"schema":\d+/, '"schema":1'));
  }
  const { exitCode, stderr } = await tool(['rm', name]);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('another version') });
  expect(readIdentity(Number(pid))).toBeDefined();
  await ok(['rm', '-f', name]);
  expect(readIdentity(Number(pid))).toBeUndefined();
  expect(existsSync(directory)).toBe(false);
});

container.test('an image that an unreadable container was made from keeps the layers below it', async () => {
  const { name, directory } = await make();
  const path = join(directory, 'record.json');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/"schema":\d+/, '"schema":1'));
  await ok(['image', 'prune', '-af']);
  const { exitCode } = await tool(['system', 'check', '--store']);
  expect(exitCode).toBe(1);
  writeFileSync(path, text);
  await ok(['system', 'check', '--store']);
  await ok(['rm', name]);
});
