// SPDX-License-Identifier: Apache-2.0
// export: the file system of a container, as it sees it, and nothing of the machine.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '../support/paths.js';
import { requires } from '../support/requires.js';
import { poll } from '../support/poll.js';
import { image, loadImage, ok, sandbox, startTool, tool, uniqueName } from '../support/tool.js';
import { tarList } from '../support/tar-list.js';
import { file, makeTar, symlink } from '../support/tar.js';
import { rootfsTar } from '../support/rootfs.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const withIds = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids');

const newDirectory = (): string => mkdtempSync(join(sandbox().directory, 'export-'));

/** A container that has run this shell script and ended, or goes on. */
const made = async (script: string, options: readonly string[] = [], running = false): Promise<string> => {
  const name = uniqueName('export');
  await ok(['run', ...(running ? ['-d'] : []), '--name', name, ...options, await image(), 'sh', '-c', script]);
  if (running) await poll(async () => (await tool(['exec', name, 'test', '-e', '/ready'])).exitCode === 0);
  return name;
};
const exported = async (name: string) => tarList((await tool(['export', name])).stdoutBytes);

const changes = [
  'mkdir /d && echo text > /d/f && chmod 4751 /d/f && ln /d/f /d/hard && ln -s f /d/soft && mkfifo /d/p',
  'rm /etc/os-release && rm -r /tmp && mkdir /tmp && echo new > /tmp/new && touch /ready',
].join(' && ');

for (const running of [false, true])
  describe(`a container that ${running ? 'runs' : 'has ended'}`, () => {
    container.test('has the image with its own changes', async () => {
      const name = await made(running ? `${changes} && sleep 1000` : changes, [], running);
      const files = await exported(name);
      expect(files.get('d/')).toMatchObject({ type: 'directory', mode: 0o755 });
      expect(files.get('d/f')).toMatchObject({ type: 'file', mode: 0o4751, content: 'text\n' });
      expect(files.get('d/hard')).toMatchObject({ type: 'hardlink', link: 'd/f' });
      expect(files.get('d/soft')).toMatchObject({ type: 'symlink', link: 'f' });
      expect(files.get('d/p')).toMatchObject({ type: 'fifo' });
      expect(files.get('tmp/new')).toMatchObject({ content: 'new\n' });
      expect(files.has('bin/busybox')).toBe(true);
      expect(files.has('etc/os-release')).toBe(false);
      expect([...files.keys()].filter((path) => path.includes('.wh.'))).toEqual([]);
      await ok(['rm', '-f', name]);
    });

    withIds.test('has the owners that it sees itself', async () => {
      const script = 'mkdir /d && touch /d/a /d/b && chown 1000:50 /d/a && chown 65533 /d/b && touch /ready';
      const name = await made(running ? `${script} && sleep 1000` : script, [], running);
      const files = await exported(name);
      expect(files.get('d/')).toMatchObject({ uid: 0, gid: 0 });
      expect(files.get('d/a')).toMatchObject({ uid: 1000, gid: 50 });
      expect(files.get('d/b')).toMatchObject({ uid: 65533, gid: 0 });
      await ok(['rm', '-f', name]);
    });

    container.test('has nothing of what is mounted into it', async () => {
      const directory = newDirectory();
      writeFileSync(join(directory, 'secret'), 'of the host');
      const script = 'echo x > /tmpfs/x; touch /ready; sleep 1000';
      const options = ['-v', `${directory}:/volume`, '--tmpfs', '/tmpfs'];
      const name = await made(running ? script : 'true', options, running);
      const files = await exported(name);
      expect([...files.keys()].filter((path) => /^(?:volume|tmpfs|proc|sys|dev)\//.test(path)).sort()).toEqual([
        'dev/',
        'proc/',
        'sys/',
        'tmpfs/',
        'volume/',
      ]);
      expect(files.get('etc/hosts')).toMatchObject({ content: '' });
      await ok(['rm', '-f', name]);
    });
  });

describe('export', () => {
  container.test('gives an image that import takes, with the same files', async () => {
    const name = await made(changes);
    const reference = `${uniqueName('image')}:test`;
    await ok(['import', '-', reference], { input: (await tool(['export', name])).stdoutBytes });
    expect(await ok(['run', '--rm', reference, 'cat', '/d/hard'])).toBe('text');
  });

  container.test('does the same twice', async () => {
    const name = await made(changes);
    const [one, two] = [await tool(['export', name]), await tool(['export', name])];
    expect(one.stdoutBytes.equals(two.stdoutBytes)).toBe(true);
  });

  container.test('writes a file with -o', async () => {
    const directory = newDirectory();
    const name = await made('true');
    expect(await ok(['container', 'export', '-o', join(directory, 'x.tar'), name])).toBe('');
    expect(readdirSync(directory)).toEqual(['x.tar']);
  });

  container.test('of a container that was never started', async () => {
    const name = uniqueName('export');
    await ok(['create', '--name', name, await image()]);
    expect((await exported(name)).has('bin/busybox')).toBe(true);
  });

  container.test('of an image with one layer only, and a hostile one', async () => {
    const hostile = makeTar([symlink('proc', '/etc'), symlink('etc', '../../../../etc'), file('a', 'x')]);
    const reference = await loadImage({ layers: [hostile, rootfsTar()].slice(0, 1), config: { Cmd: ['/x'] } });
    const name = uniqueName('export');
    await ok(['create', '--name', name, reference]);
    const files = await exported(name);
    expect(files.get('etc')).toMatchObject({ type: 'symlink', link: '../../../../etc' });
    expect(files.size).toBe(3);
  });

  container.test('the reader goes away: nothing of it goes on', async () => {
    const name = await made('true');
    const script = '"$0" export "$1" | head -c 1 > /dev/null; echo "${PIPESTATUS[0]}"';
    expect(execFileSync('bash', ['-c', script, program, name], { env: sandbox().env, encoding: 'utf8' })).toBe('141\n');
  });

  container.test('killed -9 it leaves no process and no file under the name', async () => {
    const directory = newDirectory();
    const name = await made('dd if=/dev/zero of=/big bs=1M count=200 2>/dev/null');
    const [path, whole] = [join(directory, 'x.tar'), join(newDirectory(), 'x.tar')];
    const running = startTool(['export', '-o', path, name]);
    await poll(() => readdirSync(directory).length > 0);
    running.kill('SIGKILL');
    await running;
    await ok(['export', '-o', whole, name]);
    // a fast machine may have been done before: nothing, or all of it
    expect([undefined, statSync(whole).size]).toContain(statSync(path, { throwIfNoEntry: false })?.size);
    await ok(['rm', name]);
  });

  container.test('what cannot be exported is said, and leaves no file', async () => {
    const directory = newDirectory();
    const path = join(directory, 'x.tar');
    expect(await tool(['export', '-o', path, 'nobody'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no such container: nobody'),
    });
    const name = uniqueName('export');
    await ok(['create', '--name', name, 'host', 'true']);
    expect(await tool(['export', '-o', path, name])).toMatchObject({
      stderr: expect.stringContaining('built-in image'),
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});
