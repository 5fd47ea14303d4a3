// SPDX-License-Identifier: Apache-2.0
// cp: files in and out of containers, whatever links a container lays.

import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { tarList } from '../support/tar-list.js';
import { directory, file, makeTar } from '../support/tar.js';
import { image, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const withIds = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids');

const newDirectory = (): string => mkdtempSync(join(sandbox().directory, 'copy-'));
const cp = (...args: readonly string[]): Promise<string> => ok(['cp', ...args]);
const cpFails = async (...args: readonly string[]): Promise<string> => {
  const { exitCode, stderr } = await tool(['cp', ...args]);
  expect(exitCode).toBe(1);
  return stderr;
};

/** A container that runs, or one that has ended, in which the script ran. */
const made = async (script: string, running: boolean, options: readonly string[] = []): Promise<string> => {
  const name = uniqueName('copy');
  if (running) {
    await ok([
      'run',
      '-d',
      '--name',
      name,
      ...options,
      await image(),
      'sh',
      '-c',
      `${script}; touch /ready; sleep 1000`,
    ]);
    await poll(async () => (await tool(['exec', name, 'test', '-e', '/ready'])).exitCode === 0);
  } else await ok(['run', '--name', name, ...options, await image(), 'sh', '-c', script]);
  return name;
};
/** What the container sees at a path. */
const inside = async (name: string, path: string) => tarList((await tool(['cp', `${name}:${path}`, '-'])).stdoutBytes);

for (const running of [false, true])
  describe(`a container that ${running ? 'runs' : 'has ended'}`, () => {
    container.test('gives files, directories and what links lead to', async () => {
      const name = await made(
        'mkdir /d && echo text > /d/f && ln -s f /d/link && mkdir /d/ro && chmod 555 /d/ro',
        running,
      );
      const out = newDirectory();
      await cp(`${name}:/d/f`, out);
      await cp(`${name}:/d/f`, join(out, 'renamed'));
      await cp(`${name}:/d`, out);
      await cp(`${name}:/d`, join(out, 'fresh'));
      await cp(`${name}:/d/.`, join(out, 'fresh'));
      await cp(`${name}:d/link`, join(out, 'link'));
      await cp('-L', `${name}:/d/link`, join(out, 'followed'));
      expect(readdirSync(out).sort()).toEqual(['d', 'f', 'followed', 'fresh', 'link', 'renamed']);
      expect(readdirSync(join(out, 'fresh')).sort()).toEqual(['f', 'link', 'ro']);
      for (const path of ['f', 'renamed', 'd/f', 'followed'])
        expect(readFileSync(join(out, path), 'utf8')).toBe('text\n');
      expect(lstatSync(join(out, 'link')).isSymbolicLink()).toBe(true);
      expect(statSync(join(out, 'd/ro')).mode & 0o777).toBe(0o555);
      await ok(['rm', '-f', name]);
    });

    container.test('takes files and directories, as root', async () => {
      const source = newDirectory();
      mkdirSync(join(source, 'd'));
      writeFileSync(join(source, 'd/f'), 'from outside', { mode: 0o640 });
      symlinkSync('d', join(source, 'link'));
      const name = await made('mkdir /there', running);
      await cp(source, `${name}:/fresh`);
      await cp(`${source}/.`, `${name}:/there`);
      await cp(join(source, 'd/f'), `${name}:/there/renamed`);
      await cp(join(source, 'link'), `${name}:/there/l`);
      await cp('-L', join(source, 'link'), `${name}:/there/followed`);
      const files = new Map([...(await inside(name, '/there')), ...(await inside(name, '/fresh'))]);
      const content = { content: 'from outside', uid: 0, gid: 0, mode: 0o640 };
      for (const path of ['there/d/f', 'there/renamed', 'there/followed/f', 'fresh/d/f'])
        expect(files.get(path)).toMatchObject(content);
      expect(files.get('there/l')).toMatchObject({ type: 'symlink', link: 'd' });
      await ok(['rm', '-f', name]);
    });

    container.test('has its volumes, in both directions', async () => {
      const volume = newDirectory();
      writeFileSync(join(volume, 'f'), 'of the volume');
      const name = await made('true', running, ['-v', `${volume}:/data/volume`]);
      expect((await inside(name, '/data')).get('data/volume/f')).toMatchObject({ content: 'of the volume' });
      await cp(join(volume, 'f'), `${name}:/data/volume/g`);
      expect(readFileSync(join(volume, 'g'), 'utf8')).toBe('of the volume');
      await ok(['rm', '-f', name]);
    });

    container.test('takes a stream, compressed or not, into a directory', async () => {
      const name = await made('true', running);
      const archive = makeTar([directory('s/'), file('s/f', 'streamed', { uid: 0, mode: 0o600 })]);
      await ok(['cp', '-', `${name}:/tmp`], { input: archive });
      await ok(['cp', '-', `${name}:/`], { input: gzipSync(archive) });
      for (const path of ['/tmp/s', '/s'])
        expect((await inside(name, path)).get('s/f')).toMatchObject({ content: 'streamed' });
      expect((await tool(['cp', '-', `${name}:/nowhere`], { input: archive })).stderr).toContain('/nowhere');
      expect((await tool(['cp', '-', `${name}:/tmp`], { input: 'no tar at all' })).exitCode).toBe(1);
      await ok(['rm', '-f', name]);
    });

    container.test('whose links lead out of it is not followed out', async () => {
      const outside = newDirectory();
      writeFileSync(join(outside, 'secret'), 'untouched');
      const lay = `ln -s ${outside} /out; ln -s ../../../../../../..${outside} /up; ln -s ${outside}/secret /file`;
      const name = await made(lay, running);
      const out = newDirectory();
      writeFileSync(join(out, 'evil'), 'evil');
      for (const link of ['/out', '/up']) {
        expect(await cpFails(`${name}:${link}/secret`, out)).toContain('no such file');
        expect(await cpFails('-L', `${name}:${link}`, out)).toContain('no such file');
        expect(await cpFails(join(out, 'evil'), `${name}:${link}/evil`)).toContain('does not exist');
      }
      await tool(['cp', join(out, 'evil'), `${name}:/file`]);
      expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('untouched');
      expect(readdirSync(outside)).toEqual(['secret']);
      expect(readdirSync(out)).toEqual(['evil']);
      await ok(['rm', '-f', name]);
    });
  });

describe('cp', () => {
  withIds.test('keeps the owner with -a, and his number where it is possible', async () => {
    const source = newDirectory();
    writeFileSync(join(source, 'f'), 'x');
    const name = await made('true', false);
    await cp('-a', join(source, 'f'), `${name}:/kept`);
    expect((await inside(name, '/kept')).get('kept')).toMatchObject({
      uid: process.getuid?.() ?? -1,
      gid: process.getgid?.() ?? -1,
    });
  });

  withIds.test('gives the user what belongs to others in the container, without its setuid bits', async () => {
    const name = await made('touch /f && chown 1000:50 /f && chmod 6755 /f', false);
    const out = newDirectory();
    await cp(`${name}:/f`, out);
    expect(statSync(join(out, 'f'))).toMatchObject({ uid: process.getuid?.(), mode: 0o100_755 });
  });

  container.test('works with the built-in image', async () => {
    const name = uniqueName('copy');
    await ok(['run', '--name', name, 'host', 'sh', '-c', 'echo made > /root/f']);
    expect((await inside(name, '/root/f')).get('f')).toMatchObject({ content: 'made\n' });
  });

  container.test('a container that was never started, also one with --rm, takes files before its start', async () => {
    const source = newDirectory();
    writeFileSync(join(source, 'f'), 'before');
    const name = uniqueName('copy');
    await ok(['create', '--rm', '--name', name, await image(), 'cat', '/f']);
    await cp(join(source, 'f'), `${name}:/f`);
    await cp(join(source, 'f'), `${name}:/g`);
    expect(await ok(['start', '-a', name])).toBe('before');
  });

  container.test('a read-only container takes nothing, but in its volumes', async () => {
    const source = newDirectory();
    writeFileSync(join(source, 'f'), 'x');
    for (const running of [false, true]) {
      const name = await made('true', running, ['--read-only', '-v', `${source}:/volume`, '--tmpfs', '/ready']).catch(
        () => '',
      );
      if (name === '') continue;
      expect(await cpFails(join(source, 'f'), `${name}:/f`)).toMatch(/read-only/);
      await cp(join(source, 'f'), `${name}:/volume/g${String(running)}`);
      await ok(['rm', '-f', name]);
    }
    expect(readdirSync(source)).toContain('gfalse');
  });

  container.test('what cannot be is said, and changes nothing', async () => {
    const name = await made('mkdir /d; touch /f', false);
    const out = newDirectory();
    writeFileSync(join(out, 'f'), 'kept');
    mkdirSync(join(out, 'd'));
    for (const [args, text] of [
      [[`${name}:/nothing`, out], 'no such file or directory'],
      [[join(out, 'nothing'), `${name}:/`], 'no such file or directory'],
      [['nobody:/x', out], 'no such container'],
      [[`${name}:/d`, join(out, 'f')], 'is no directory'],
      [[join(out, 'd'), `${name}:/f`], 'is no directory'],
      [[join(out, 'f'), `${name}:/no/where`], 'does not exist'],
      [[join(out, 'f'), `${name}:/nowhere/`], 'does not exist'],
      [[`${name}:/f`, `${name}:/g`], 'between two containers'],
      [[out, join(out, 'd')], 'neither side is a container'],
      [[name + ':', out], 'without a path'],
    ] as const)
      expect(await cpFails(...args)).toContain(text);
    mkdirSync(join(out, 'e/f'), { recursive: true });
    expect(await cpFails(`${name}:/f`, join(out, 'e'))).toContain('a directory is not replaced');
    expect(readFileSync(join(out, 'f'), 'utf8')).toBe('kept');
    expect(readdirSync(out).sort()).toEqual(['d', 'e', 'f']);
  });
});
