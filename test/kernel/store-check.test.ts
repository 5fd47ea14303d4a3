// SPDX-License-Identifier: Apache-2.0
// system check --store finds what is damaged, says how to mend it, and mends it when asked.

import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requires } from '../support/requires.js';
import { rootfsTar } from '../support/rootfs.js';
import { storeState } from '../support/store-state.js';
import { file, makeTar } from '../support/tar.js';
import { loadImage, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

interface Line {
  readonly name: string;
  readonly status: string;
  readonly detail: string;
  readonly fix?: string;
}

const check = async (
  ...args: readonly string[]
): Promise<{ readonly exitCode: number; readonly bad: readonly Line[] }> => {
  const { exitCode, stdout } = await tool(['system', 'check', '--store', '--format', 'json', ...args]);
  return { exitCode, bad: (JSON.parse(stdout) as Line[]).filter(({ status }) => status !== 'ok') };
};
const sound = { exitCode: 0, bad: [] };

const ownImage = (): Promise<string> =>
  loadImage({ layers: [rootfsTar(), makeTar([file('own', uniqueName())])], config: { Cmd: ['true'] } });
const at = (...path: readonly string[]): string => join(sandbox().dataRoot, ...path);
const layerOf = async (reference: string): Promise<{ readonly blob: string; readonly top: string }> => {
  const before = new Set(storeState().layers);
  const layers = JSON.parse(await ok(['image', 'inspect', '-f', '{{json .RootFS.Layers}}', reference])) as string[];
  const blob = layers.at(-1)?.slice(7) ?? '';
  const base = layers[0]?.slice(7) ?? '';
  return { blob, top: [...before].find((name) => name !== base) ?? '' };
};

afterEach(async () => {
  const ids = (await ok(['ps', '-aq'])).split('\n').filter(Boolean);
  if (ids.length > 0) await ok(['rm', '-f', ...ids]);
  await ok(['image', 'prune', '-af']);
});

container.test('a store in use is sound, and an empty one too', async () => {
  expect(await check()).toEqual(sound);
  const reference = await ownImage();
  await ok(['run', '--name', uniqueName(), reference]);
  expect(await check()).toEqual(sound);
  expect(await ok(['system', 'check', '--store'])).toMatch(
    /^ok {6}index[^]*ok {6}blob[^]*ok {6}layer[^]*ok {6}container/,
  );
});

container.test('a torn blob is found, and removed by --repair', async () => {
  const reference = await ownImage();
  const { blob } = await layerOf(reference);
  truncateSync(at('images/blobs/sha256', blob), 100);
  const before = storeState();
  const { exitCode, bad } = await check();
  expect(exitCode).toBe(1);
  expect(bad).toEqual([
    expect.objectContaining({ name: 'blob', status: 'failed', fix: expect.stringContaining('--repair') }),
    expect.objectContaining({
      name: 'image',
      detail: expect.stringContaining(`${reference}: layer sha256:${blob} has`),
    }),
  ]);
  expect(storeState()).toEqual(before);
  const repaired = await check('--repair');
  expect(repaired.bad).toEqual([expect.objectContaining({ detail: expect.stringContaining('is missing') })]);
  expect(storeState().blobs).not.toContain(blob);
});

container.test('a layer with a missing file is found, and unpacked again by --repair', async () => {
  const reference = await ownImage();
  const { top } = await layerOf(reference);
  rmSync(at('layers', top, 'diff/own'));
  expect(await check()).toMatchObject({
    exitCode: 1,
    bad: [{ name: 'layer', detail: expect.stringMatching(/has 1 files and directories, its record says 2/) }],
  });
  expect(await check('--repair')).toEqual(sound);
  expect(await ok(['run', '--rm', reference, 'cat', '/own'])).not.toBe('');
});

container.test('a layer without its record is found, and a container whose layer is gone', async () => {
  const reference = await ownImage();
  const name = uniqueName();
  await ok(['create', '--name', name, reference]);
  const { top } = await layerOf(reference);
  rmSync(at('layers', top, 'layer.json'));
  expect(await check()).toMatchObject({ exitCode: 1, bad: [{ name: 'layer' }] });
  rmSync(at('layers', top), { recursive: true });
  expect(await check()).toMatchObject({
    exitCode: 1,
    bad: [{ name: 'container', detail: expect.stringContaining(name), fix: expect.stringContaining('sampan rm -f ') }],
  });
  expect(await check('--repair')).toEqual(sound);
  expect(await ok(['start', '-a', name])).toBe('');
});

container.test('an index that leads nowhere, or is no JSON, is found', async () => {
  const reference = await ownImage();
  const { manifests } = JSON.parse(storeState().index) as { manifests: { digest: string }[] };
  const manifest = manifests[0]?.digest.slice(7) ?? '';
  rmSync(at('images/blobs/sha256', manifest));
  expect((await check()).bad).toContainEqual(
    expect.objectContaining({ name: 'image', detail: expect.stringContaining(`${reference}: manifest`) }),
  );
  expect(await check('--repair')).toEqual(sound);
  expect(await ok(['images', '-q', reference])).toBe('');
  writeFileSync(at('images/index.json'), '{');
  expect(await check()).toMatchObject({ exitCode: 1, bad: [{ name: 'index' }] });
  writeFileSync(at('images/index.json'), '{"schemaVersion":2,"manifests":[]}');
});

container.test('garbage is no damage', async () => {
  const content = 'nobody wants this';
  await ownImage();
  writeFileSync(at('images/blobs/sha256', createHash('sha256').update(content).digest('hex')), content);
  expect(await check()).toMatchObject({ exitCode: 0, bad: [{ name: 'garbage', status: 'warning' }] });
  await ok(['image', 'prune', '-f']);
  expect(await check()).toEqual(sound);
});

container.test('a blob that cannot be read is damage', async () => {
  await ownImage();
  const [blob = ''] = readdirSync(at('images/blobs/sha256'));
  chmodSync(at('images/blobs/sha256', blob), 0);
  expect((await check()).bad).toContainEqual(
    expect.objectContaining({ detail: expect.stringContaining('unreadable') }),
  );
  await check('--repair');
  expect(storeState().blobs).not.toContain(blob);
});
