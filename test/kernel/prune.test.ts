// SPDX-License-Identifier: Apache-2.0
// What the store takes on disk, and giving it back: system df, container prune, image prune, system prune.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requires } from '../support/requires.js';
import { rootfsTar } from '../support/rootfs.js';
import { storeState } from '../support/store-state.js';
import { file, makeTar } from '../support/tar.js';
import { loadImage, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids', 'unshare');

/** As root of a namespace that maps the sub-ids: a user alone may not read everything. */
const du = (): number =>
  Number(
    execFileSync(
      'unshare',
      ['--user', '--map-root-user', '--map-auto', 'du', '-s', '--block-size=1', sandbox().dataRoot],
      { encoding: 'utf8' },
    ).split('\t')[0],
  );

interface UsageRow {
  readonly TotalCount: string;
  readonly Active: string;
  readonly SizeBytes: number;
  readonly ReclaimableBytes: number;
}
const df = async (): Promise<readonly UsageRow[]> =>
  (await ok(['system', 'df', '--format', 'json'])).split('\n').map((line) => JSON.parse(line) as UsageRow);
const sizeOf = (rows: readonly UsageRow[]): number => rows.reduce((sum, { SizeBytes }) => sum + SizeBytes, 0);

/** Layers and config of its own. */
const ownImage = (label = uniqueName()): Promise<string> =>
  loadImage({
    layers: [rootfsTar(), makeTar([file('own', uniqueName().repeat(1000))])],
    config: { Cmd: ['true'], Labels: { of: label } },
  });
const idOf = (name: string): Promise<string> => ok(['image', 'inspect', '--format', '{{.Id}}', name]);

afterEach(async () => {
  const ids = (await ok(['ps', '-aq'])).split('\n').filter(Boolean);
  if (ids.length > 0) await ok(['rm', '-f', ...ids]);
});

describe('system df', () => {
  container.test('its sizes add up to what du says, with containers, sub-ids and partial downloads', async () => {
    await ownImage();
    const reference = await ownImage();
    await ok(['run', '--name', uniqueName(), reference, 'sh', '-c', 'mkdir /d; echo x > /d/f; chown -R 33:33 /d']);
    await ok(['run', '-d', '--name', uniqueName(), reference, 'sleep', '1000']);
    mkdirSync(join(sandbox().dataRoot, 'downloads'), { recursive: true, mode: 0o700 });
    writeFileSync(join(sandbox().dataRoot, 'downloads', 'a'.repeat(64)), 'part of a blob');
    expect(sizeOf(await df())).toBe(du());
  });

  container.test('counts what is in use, and how much would be free without the rest', async () => {
    await ok(['system', 'prune', '-af']);
    const used = await ownImage();
    await ok(['create', '--name', uniqueName(), used]);
    await ok(['run', '-d', '--name', uniqueName(), used, 'sleep', '1000']);
    const [imagesBefore] = await df();
    expect(imagesBefore).toMatchObject({ TotalCount: '1', Active: '1', ReclaimableBytes: 0 });
    await ownImage();
    const [images, containers] = await df();
    expect(images).toMatchObject({ TotalCount: '2', Active: '1' });
    expect(containers).toMatchObject({ TotalCount: '2', Active: '1' });
    const reclaimed = await ok(['image', 'prune', '-af']);
    expect(reclaimed).toMatch(/^Total reclaimed space: [1-9]/m);
    const [after] = await df();
    expect((images?.SizeBytes ?? 0) - (after?.SizeBytes ?? 0)).toBe(images?.ReclaimableBytes);
  });

  container.test('-v tells shared from own layers', async () => {
    await ok(['system', 'prune', '-af']);
    await ownImage();
    await ownImage();
    const { Images } = JSON.parse(await ok(['system', 'df', '-v', '--format', 'json'])) as {
      readonly Images: readonly { readonly SharedSize: string; readonly UniqueSize: string }[];
    };
    expect(Images).toHaveLength(2);
    for (const { SharedSize, UniqueSize } of Images) {
      expect(SharedSize).toMatch(/MB$/);
      expect(UniqueSize).toMatch(/kB$/);
    }
  });
});

describe('prune', () => {
  container.test('container prune removes what does not run, with its logs', async () => {
    const reference = await ownImage();
    const [stopped, created, running] = [uniqueName(), uniqueName(), uniqueName()];
    await ok(['run', '--name', stopped, reference, 'true']);
    await ok(['create', '--name', created, reference]);
    const id = await ok(['run', '-d', '--name', running, reference, 'sleep', '1000']);
    expect(await ok(['container', 'prune', '-f'])).toMatch(
      /^Deleted Containers:\n[0-9a-f]{64}\n[0-9a-f]{64}\n\nTotal reclaimed space: \d+(\.\d+)?kB$/,
    );
    expect(await ok(['ps', '-aq', '--no-trunc'])).toBe(id);
  });

  container.test('container prune keeps what the filters do not name', async () => {
    const reference = await ownImage();
    const [kept, gone] = [uniqueName(), uniqueName()];
    await ok(['create', '--name', kept, '--label', 'keep=yes', reference]);
    const id = await ok(['create', '--name', gone, reference]);
    expect(await ok(['container', 'prune', '-f', '--filter', 'until=1h'])).toBe('Total reclaimed space: 0B');
    expect(await ok(['container', 'prune', '-f', '--filter', 'label!=keep'])).toContain(id);
    expect(await ok(['ps', '-a', '--format', '{{.Names}}'])).toBe(kept);
  });

  container.test('image prune removes images without a name only, -a all that no container was made from', async () => {
    await ok(['system', 'prune', '-af']);
    const [nameless, named, used] = [await ownImage(), await ownImage(), await ownImage()];
    const lost = await idOf(nameless);
    await ok(['create', '--name', uniqueName(), used]);
    await ok(['tag', named, nameless]);
    expect(await ok(['image', 'prune', '-f'])).toContain(`deleted: ${lost}\n`);
    expect(await ok(['images', '-q', named])).not.toBe('');
    expect(await ok(['image', 'prune', '-af'])).toContain(`untagged: ${named}\nuntagged: ${nameless}\ndeleted: `);
    expect(await ok(['images', '--format', '{{.Repository}}:{{.Tag}}'])).toBe(`${used}\nhost:latest`);
  });

  container.test('image prune takes labels and times for filters, and refuses others', async () => {
    const name = await ownImage('mine');
    expect(await ok(['image', 'prune', '-af', '--filter', 'label=of=theirs'])).not.toContain(name);
    expect(await ok(['image', 'prune', '-af', '--filter', 'until=2019-01-01'])).not.toContain(name);
    expect(await tool(['image', 'prune', '-af', '--filter', 'reference=x'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('filter reference'),
    });
    expect(await ok(['image', 'prune', '-af', '--filter', 'label=of=mine'])).toContain(`untagged: ${name}\n`);
  });

  container.test('system prune -a leaves an empty store, and what runs', async () => {
    await ownImage();
    await ok(['create', '--name', uniqueName(), await ownImage()]);
    mkdirSync(join(sandbox().dataRoot, 'downloads'), { recursive: true, mode: 0o700 });
    writeFileSync(join(sandbox().dataRoot, 'downloads', 'b'.repeat(64)), 'part of a blob');
    const network = uniqueName('unused').toLowerCase();
    await ok(['network', 'create', network]);
    expect(await ok(['system', 'prune', '-af'])).toMatch(
      new RegExp(`^Deleted Containers:[^]*Deleted Networks:\n${network}\n\nDeleted Images:[^]*Total reclaimed`),
    );
    expect(storeState()).toMatchObject({ blobs: [], layers: [], containers: [], names: [] });
    expect(sizeOf(await df())).toBe(du());
    expect(await df()).toMatchObject([{ TotalCount: '0', ReclaimableBytes: 0 }, { TotalCount: '0' }, {}]);
  });

  container.test('asks nobody when there is no terminal', async () => {
    for (const noun of ['container', 'image', 'system'])
      expect(await tool([noun, 'prune'], { input: 'y\n' })).toMatchObject({
        exitCode: 1,
        stdout: '',
        stderr: expect.stringContaining('--force'),
      });
  });
});
