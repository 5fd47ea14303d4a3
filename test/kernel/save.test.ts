// SPDX-License-Identifier: Apache-2.0
// save: other tools read what it writes, and whatever comes in between leaves no half of it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ociArchive } from '../support/archives.js';
import { poll } from '../support/poll.js';
import { program } from '../support/paths.js';
import { requires } from '../support/requires.js';
import { rootfsTar } from '../support/rootfs.js';
import { skopeoCopy, skopeoInspect } from '../support/skopeo.js';
import { SmallDisk } from '../support/small-disk.js';
import { file, makeTar } from '../support/tar.js';
import { image, loadImage, ok, sandbox, startTool, tool, toResult, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const withSkopeo = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'skopeo');
const small = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids', 'unshare');

const config = { Cmd: ['cat', '/etc/os-release'], Env: ['PATH=/bin'] };
const imageName = (): string => `${uniqueName('image')}:test`;
const newDirectory = (): string => mkdtempSync(join(sandbox().directory, 'save-'));
const inspect = async (name: string, field: string): Promise<string> =>
  ok(['image', 'inspect', '--format', `{{.${field}}}`, name]);

const compressed = async (compression: 'none' | 'gzip' | 'zstd'): Promise<string> => {
  const name = imageName();
  const spec = { layers: [rootfsTar()], config: { ...config, Labels: { of: name } }, names: [name], compression };
  await ok(['load'], { input: ociArchive(spec) });
  return name;
};

describe('skopeo reads what save writes', () => {
  for (const compression of ['none', 'gzip', 'zstd'] as const)
    withSkopeo.test(`an image with ${compression} layers, as both kinds of archive in one file`, async () => {
      const name = await compressed(compression);
      const path = join(newDirectory(), 'both.tar');
      await ok(['save', '-o', path, name]);
      const digest = await inspect(name, 'Descriptor.digest');
      expect(skopeoInspect(`oci-archive:${path}`).Digest).toBe(digest);
      // This format has no manifest of its own; its layers go by their plain digests.
      expect(skopeoInspect(`docker-archive:${path}`).Layers).toHaveLength(1);
      const back = `${path}.back`;
      skopeoCopy(`docker-archive:${path}`, `docker-archive:${back}:docker.io/library/${name}-back`);
      expect(await ok(['load', '-i', back])).toBe(`Loaded image: ${name}-back`);
      expect(await inspect(`${name}-back`, 'Id')).toBe(await inspect(name, 'Id'));
    });

  withSkopeo.test('each format alone', async () => {
    const name = await compressed('gzip');
    const directory = newDirectory();
    for (const format of ['docker-archive', 'oci-archive']) {
      const path = join(directory, format);
      await ok(['save', '--format', format, '-o', path, name]);
      expect(skopeoInspect(`${format}:${path}:docker.io/library/${name}`).Layers).toHaveLength(1);
    }
  });

  withSkopeo.test('one of several images', async () => {
    const [one, two] = [await compressed('gzip'), await compressed('none')];
    const path = join(newDirectory(), 'several.tar');
    await ok(['save', '-o', path, one, two]);
    for (const name of [one, two]) expect(skopeoInspect(`docker-archive:${path}:${name}`).Layers).toHaveLength(1);
  });
});

describe('round trip', () => {
  container.test('save | load with the image removed between gives it back, and it runs', async () => {
    const name = await compressed('gzip');
    const before = [await inspect(name, 'Id'), await inspect(name, 'Descriptor.digest')];
    const { stdoutBytes } = await tool(['save', name]);
    await ok(['rmi', name]);
    expect(await ok(['load'], { input: stdoutBytes })).toBe(`Loaded image: ${name}`);
    expect([await inspect(name, 'Id'), await inspect(name, 'Descriptor.digest')]).toEqual(before);
    expect(await ok(['run', '--rm', name])).toBe('ID=test');
  });
});

describe('what goes wrong', () => {
  const bigImage = async (): Promise<string> =>
    loadImage({ layers: [makeTar([file('big', Buffer.alloc(32 << 20, uniqueName()))])], config });

  container.test('the reader goes away', async () => {
    const name = await bigImage();
    const script = '"$0" save "$1" | head -c 1; echo " ${PIPESTATUS[0]}"';
    const said = execFileSync('bash', ['-c', script, program, name], { env: sandbox().env, encoding: 'utf8' });
    expect(said).toBe('o 141\n');
  });

  container.test('an unknown image among known ones leaves no file', async () => {
    const directory = newDirectory();
    const result = await tool(['save', '-o', join(directory, 'x.tar'), await image(), 'nothing:here']);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no such image: nothing:here') });
    expect(readdirSync(directory)).toEqual([]);
  });

  /** Or that a fast machine has done it all between two looks. */
  const seesTemporaryFile = async (directory: string, saving: Promise<unknown>): Promise<void> => {
    let isDone = false;
    void saving.then(() => (isDone = true));
    await poll(() => isDone || readdirSync(directory).length > 1, { what: 'the temporary file' });
  };

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    container.test(`${signal} leaves the file that was there`, async () => {
      const directory = newDirectory();
      const path = join(directory, 'x.tar');
      writeFileSync(path, 'old');
      const names = await Promise.all(Array.from({ length: 4 }, bigImage));
      const saving = startTool(['save', '-o', path, ...names]);
      await seesTemporaryFile(directory, saving);
      saving.kill(signal);
      const { exitCode } = toResult(await saving);
      const number = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 }[signal];
      // It may have been done when the signal came.
      expect([0, 128 + number]).toContain(exitCode);
      expect(readdirSync(directory)).toEqual(['x.tar']);
    });

  container.test('SIGKILL leaves the file that was there, and the next save is whole', async () => {
    const directory = newDirectory();
    const path = join(directory, 'x.tar');
    writeFileSync(path, 'old');
    const names = await Promise.all(Array.from({ length: 4 }, bigImage));
    const saving = startTool(['save', '-o', path, ...names]);
    await seesTemporaryFile(directory, saving);
    saving.kill('SIGKILL');
    await saving;
    await ok(['save', '-o', path, ...names]);
    expect((await ok(['load', '-i', path])).split('\n')).toHaveLength(4);
    expect(readdirSync(directory)).toEqual(['x.tar']);
  });

  small.test('a full disk leaves nothing', async () => {
    using disk = await SmallDisk.make(24 * 1024);
    const archive = ociArchive({ layers: [rootfsTar()], config, names: ['full:test'] });
    expect(disk.tool(['load'], archive)).toMatchObject({ exitCode: 0 });
    disk.sh('mkdir out');
    disk.fill(64);
    expect(disk.tool(['save', '-o', 'out/x.tar', 'full:test'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/no space left/),
    });
    expect(disk.sh('ls -A out').stdout).toBe('');
  });
});

describe('history', () => {
  container.test('shows the steps of an image and the sizes of their layers', async () => {
    const name = await compressed('gzip');
    const lines = (await ok(['history', '--format', '{{.ID}} {{.CreatedBy}}', name])).split('\n');
    expect(lines).toEqual([`${(await inspect(name, 'Id')).slice(7, 19)} test`]);
    const [size] = (await ok(['history', '--human=false', '--format', '{{.Size}}', name])).split('\n');
    expect(Number(size)).toBeGreaterThan(0);
  });
});
