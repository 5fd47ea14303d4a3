// SPDX-License-Identifier: Apache-2.0
// Archives that are broken or mean harm: refused with what is wrong with them, and nothing of them stays.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dockerArchive, ociArchive, ociParts, packOci, sha256 } from '../support/archives.js';
import { requires } from '../support/requires.js';
import { rootfsTar } from '../support/rootfs.js';
import { changesNothing } from '../support/store-state.js';
import { directory, file, hardlink, makeTar, symlink, type TarEntry } from '../support/tar.js';
import { loadImage, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

const layer = makeTar([directory('d/'), file('d/f', 'x'.repeat(5000)), file('g', 'y')]);
const spec = { layers: [layer], names: ['bad:test'] };

const refused = async (args: readonly string[], input: Buffer, subject: string | RegExp): Promise<void> => {
  const result = await changesNothing(async () => tool(args, { input }));
  expect(result).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: typeof subject === 'string' ? expect.stringContaining(subject) : expect.stringMatching(subject),
  });
  expect(result.stderr).toMatch(/^sampan: [^\n]+\n(hint: [^\n]+\n)?$/);
};
const loadRefused = async (input: Buffer, subject: string | RegExp): Promise<void> => refused(['load'], input, subject);
const importRefused = async (input: Buffer, subject: string | RegExp): Promise<void> =>
  refused(['import', '-', 'bad:test'], input, subject);

describe('archives that are no image', () => {
  const noise = Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * 7919 + (index >> 3)) & 0xff));
  for (const [what, archive] of [
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('no archive\n'.repeat(100))],
    ['noise', noise],
    ['gzip of noise', gzipSync(noise)],
  ] as const)
    container.test(`${what} is refused by load and by import`, async () => {
      await loadRefused(archive, /archive|tar/);
      await importRefused(archive, /archive|tar/);
    });

  // an empty tar: import makes an empty image of it, as docker does
  container.test('zeros are refused by load', async () => {
    await loadRefused(Buffer.alloc(10_240), /archive|tar/);
  });

  container.test('the tar of a root file system is refused by load, which names import', async () => {
    await loadRefused(layer, 'sampan import');
  });
});

describe('archives cut off', () => {
  const docker = dockerArchive({ ...spec, layers: [rootfsTar()] });
  for (const [what, archive] of [
    ['plain', docker],
    ['gzip', gzipSync(docker)],
    ['OCI', ociArchive({ ...spec, layers: [rootfsTar()] })],
  ] as const)
    container.test(`${what}: at any point`, async () => {
      for (const share of [0.001, 0.3, 0.7])
        await loadRefused(archive.subarray(0, Math.floor(archive.length * share)), /archive|tar/);
    });

  container.test('a root file system, plain and gzip', async () => {
    for (const tar of [rootfsTar(), gzipSync(rootfsTar())])
      for (const share of [0.3, 0.9])
        await importRefused(tar.subarray(0, Math.floor(tar.length * share)), /archive|tar|gzip/);
  });

  container.test('a layer inside a whole archive', async () => {
    const cut = rootfsTar().subarray(0, rootfsTar().length / 2);
    await loadRefused(dockerArchive({ ...spec, layers: [cut] }), /ends|cut|truncated/i);
    await loadRefused(ociArchive({ ...spec, layers: [cut] }), /ends|cut|truncated/i);
  });
});

describe('digests that are not true', () => {
  container.test('of a layer, plain and gzip', async () => {
    await loadRefused(dockerArchive({ ...spec, diffIds: [sha256('other')] }), sha256('other').slice(0, 19));
    await loadRefused(ociArchive({ ...spec, diffIds: [sha256('other')] }), sha256('other').slice(0, 19));
  });

  container.test('of any blob of an OCI archive: config, manifest, layer', async () => {
    const parts = ociParts(spec);
    for (const [digest, bytes] of parts.blobs) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(changed.length - 2) ^ 1, changed.length - 2);
      await loadRefused(
        packOci({ ...parts, blobs: new Map([...parts.blobs, [digest, changed]]) }),
        digest.slice(7, 19),
      );
    }
  });
});

describe('layers that lead out of the image', () => {
  const outside = (): { readonly path: string; readonly untouched: () => void } => {
    const path = join(sandbox().directory, uniqueName('outside'));
    mkdirSync(path);
    writeFileSync(join(path, 'victim'), 'as it was');
    return {
      path,
      untouched: () => {
        expect(readdirSync(path)).toEqual(['victim']);
        expect(readFileSync(join(path, 'victim'), 'utf8')).toBe('as it was');
      },
    };
  };
  /** Whatever the answer: nothing outside has changed, and what was loaded can be removed. */
  const harmless = async (entries: (path: string) => readonly TarEntry[]): Promise<number> => {
    const { path, untouched } = outside();
    const name = `${uniqueName('image')}:test`;
    const input = dockerArchive({ layers: [makeTar(entries(path))], names: [name] });
    const { exitCode, stderr } = await tool(['load'], { input });
    untouched();
    if (exitCode === 0) await ok(['rmi', name]);
    else expect(stderr).toMatch(/^sampan: [^\n]+\n/);
    untouched();
    return exitCode;
  };
  const up = '../'.repeat(20);

  container.test('a name that leads out of the layer is refused', async () => {
    for (const name of ['../x', 'a/../../x', '/../x', `${up}x`, '..'])
      await importRefused(makeTar([file(name, 'inside')]), 'the name leads out of the layer');
    await harmless((path) => [
      file(`${up}${path.slice(1)}/victim`, 'changed'),
      file(`a/${up}${path.slice(1)}/new`, ''),
    ]);
  });

  container.test('a file in the place of the root is refused', async () => {
    for (const name of ['a/..', '.'])
      await importRefused(makeTar([file(name, 'x')]), 'only a directory can be the root of a layer');
  });

  container.test('a file written through an absolute link lands in the image or nowhere', async () => {
    await harmless((path) => [symlink('link', path), file('link/victim', 'changed'), file('link/new', 'new')]);
  });

  container.test('a file written through a link of many ..', async () => {
    await harmless((path) => [symlink('link', `${up}${path.slice(1)}`), file('link/victim', 'changed')]);
  });

  container.test('a link to a file that a later entry overwrites is replaced itself', async () => {
    expect(await harmless((path) => [symlink('f', join(path, 'victim')), file('f', 'changed')])).toBe(0);
  });

  container.test('a hard link to a file outside, straight and through a link', async () => {
    expect(await harmless((path) => [hardlink('f', `${up}${path.slice(1)}/victim`), file('f', 'changed')])).toBe(1);
    expect(await harmless((path) => [symlink('d', path), hardlink('f', 'd/victim')])).toBe(1);
  });

  container.test('a directory entry over a link changes nothing behind the link', async () => {
    await harmless((path) => [symlink('d', path), directory('d/', { mode: 0o777, mtime: 1 }), file('d/new', '')]);
  });

  container.test('whiteouts through a link remove nothing', async () => {
    await harmless((path) => [symlink('d', path), file('d/.wh.victim', ''), file('d/.wh..wh..opq', '')]);
  });

  container.test('links of one layer are not followed by the next one', async () => {
    const { path, untouched } = outside();
    const name = await loadImage({
      layers: [rootfsTar(), makeTar([symlink('d', path)]), makeTar([directory('d/'), file('d/victim', 'inside')])],
    });
    untouched();
    expect(await ok(['run', '--rm', name, 'cat', '/d/victim'])).toBe('inside');
    untouched();
  });

  container.test('the image’s /proc, /dev, /sys and /tmp as links lead nowhere outside', async () => {
    const { path, untouched } = outside();
    const links = ['proc', 'dev', 'sys'].map((name) => symlink(`.wh.${name}`, '')).map(({ name }) => file(name, ''));
    const name = await loadImage({
      layers: [rootfsTar(), makeTar(links), makeTar(['proc', 'dev', 'sys'].map((link) => symlink(link, path)))],
    });
    await tool(['run', '--rm', name, 'sh', '-c', 'echo x > /dev/x; ls /proc']);
    untouched();
  });
});

describe('sizes', () => {
  container.test('a name of 256 bytes and a link of 4096 are refused', async () => {
    const long = 'x'.repeat(256);
    for (const entry of [file(long, ''), symlink('l', 'x'.repeat(4096))])
      await importRefused(makeTar([entry]), /too long|ENAMETOOLONG|long/i);
  });

  container.test('a path longer than the kernel takes at once loads and goes', async () => {
    const name = `${uniqueName('image')}:test`;
    await changesNothing(async () => {
      await ok(['import', '-', name], { input: makeTar([file(`${'d/'.repeat(2100)}f`, '')]) });
      await ok(['rmi', name]);
    });
  });

  container.test('10,000 entries in deep paths load and go', async () => {
    const entries = Array.from({ length: 10_000 }, (_, index) =>
      file(`${'deep/'.repeat(40)}${String(index % 100)}/${String(index)}`, ''),
    );
    const name = `${uniqueName('image')}:test`;
    await changesNothing(async () => {
      await ok(['import', '-', name], { input: gzipSync(makeTar(entries)) });
      await ok(['rmi', name]);
    });
  });

  container.test('a size that the archive does not hold', async () => {
    const tar = makeTar([file('f', 'x')]);
    const header = tar.subarray(0, 512);
    header.write('77777777777\0', 124, 12, 'latin1');
    header.write('        ', 148, 8, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
    await importRefused(tar, /f: the archive ends|ends/);
  });
});
