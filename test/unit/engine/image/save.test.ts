// SPDX-License-Identifier: Apache-2.0
// Archives that we write: which images they have, under which names, and that reading them gives the same images.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageConfig, ociArchive, ociParts, sha256 } from '../../../support/archives.js';
import { file, makeTar } from '../../../support/tar.js';
import { imageHistory } from '../../../../lib/engine/image/history.js';
import { listImages } from '../../../../lib/engine/image/list.js';
import { removeImage } from '../../../../lib/engine/image/remove.js';
import { saveImages } from '../../../../lib/engine/image/save.js';
import { tagImage } from '../../../../lib/engine/image/tag.js';
import { readTarEntries } from '../../../../lib/engine/image/tar-entries.js';
import type { SaveOptions } from '../../../../lib/engine/contract.js';
import { openImageFixture, type ImageFixture } from './fixture.js';

const base = makeTar([file('etc/base', 'base')]);
const top = makeTar([file('etc/top', 'top')]);
const spec = { layers: [base, top], names: ['debian:12'], config: { Cmd: ['sh'] }, compression: 'gzip' } as const;
const id = sha256(imageConfig(spec));

let store: ImageFixture;
let other: ImageFixture;
beforeEach(async () => {
  [store, other] = [openImageFixture(), openImageFixture()];
  await store.load(ociArchive(spec));
});
afterEach(() => {
  store.dispose();
  other.dispose();
});

const save = async (names: readonly string[], options: Partial<SaveOptions> = {}): Promise<Buffer> => {
  await using archive = await saveImages(store.context, names, { format: 'docker', ...options });
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive.chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const filesOf = async (archive: Buffer): Promise<ReadonlyMap<string, string>> => {
  const files = new Map<string, string>();
  const source = async function* () {
    yield archive;
  };
  await readTarEntries(source(), async ({ name, content }) => {
    const parts: Uint8Array[] = [];
    for await (const part of content) parts.push(part);
    files.set(name, Buffer.concat(parts).toString('latin1'));
  });
  return files;
};
const dockerManifest = async (archive: Buffer) =>
  JSON.parse((await filesOf(archive)).get('manifest.json') ?? '') as readonly {
    readonly Config: string;
    readonly RepoTags: readonly string[] | null;
    readonly Layers: readonly string[];
  }[];
const rows = ({ context }: ImageFixture) =>
  listImages(context, { all: false, filters: {} }).filter(({ repository }) => repository !== 'host');

test.each(['docker', 'docker-archive', 'oci-archive'] as const)('%s: what is saved loads as it was', async (format) => {
  await tagImage(store.context, 'debian:12', 'other/name:x');
  await other.load(await save(['debian:12', 'other/name:x'], { format }));
  expect(rows(other).map(({ repository, tag, id: found }) => [repository, tag, found])).toEqual(
    rows(store).map(({ repository, tag }) => [repository, tag, id]),
  );
});

test.each(['docker', 'oci-archive'] as const)('%s: every digest survives', async (format) => {
  await other.load(await save(['debian:12'], { format }));
  expect(other.onDisk().blobs).toEqual(store.onDisk().blobs);
  expect(rows(other).map(({ digest }) => digest)).toEqual(rows(store).map(({ digest }) => digest));
});

test('the same images give the same bytes', async () => {
  expect((await save(['debian:12'])).equals(await save(['debian:12']))).toBe(true);
});

test('a repository without a tag is all its tags', async () => {
  await tagImage(store.context, 'debian:12', 'debian:bookworm');
  await tagImage(store.context, 'debian:12', 'other:12');
  expect((await dockerManifest(await save(['debian']))).map(({ RepoTags }) => RepoTags)).toEqual([
    ['debian:12', 'debian:bookworm'],
  ]);
});

test('an image that is named twice is saved once', async () => {
  expect(await dockerManifest(await save(['debian:12', 'debian', id]))).toEqual([
    expect.objectContaining({ RepoTags: ['debian:12'] }),
  ]);
});

test('an image that is named by its id has no name in the archive', async () => {
  const archive = await save([id.slice(7, 19)]);
  expect((await dockerManifest(archive))[0]?.RepoTags).toBeNull();
  expect((await filesOf(archive)).get('index.json')).not.toContain('annotations');
  await expect(other.load(archive)).resolves.toEqual([{ id }]);
});

test('layers that two images share are written once', async () => {
  await store.load(ociArchive({ layers: [base], names: ['base:1'] }));
  const archive = await save(['debian:12', 'base:1']);
  expect([...(await filesOf(archive)).keys()].filter((name) => name.startsWith('blobs/'))).toHaveLength(6);
  await expect(other.load(archive)).resolves.toHaveLength(2);
});

test('the names of the plain docker-archive lead to the stored blobs', async () => {
  const archive = await save(['debian:12'], { format: 'docker-archive' });
  const files = await filesOf(archive);
  const [image] = await dockerManifest(archive);
  expect(sha256(files.get(image?.Config ?? '') ?? '')).toBe(id);
  expect(image?.Layers.map((name) => name.replace('.tar', ''))).toEqual(
    ociDescriptors().map((digest) => digest.slice('sha256:'.length)),
  );
  expect([...files.keys()].sort()).toEqual(['manifest.json', image?.Config, ...(image?.Layers ?? [])].sort());
});

const ociDescriptors = (): readonly string[] => [...ociParts(spec).blobs.keys()].slice(1, 3);

test.each([
  ['an unknown image', ['nothing:here'], {}, 'ERR_IMAGE_NOT_FOUND'],
  ['one unknown image among known ones', ['debian:12', 'nothing'], {}, 'ERR_IMAGE_NOT_FOUND'],
  ['the built-in image', ['host'], {}, 'ERR_NOT_SUPPORTED'],
  ['a platform that is not there', ['debian:12'], { platform: 'linux/s390x' }, 'ERR_IMAGE_PLATFORM'],
  ['a platform that is none', ['debian:12'], { platform: '///' }, 'ERR_INVALID_VALUE'],
  ['a name that is none', ['UPPER:1'], {}, 'ERR_INVALID_REFERENCE'],
])('%s is refused before a byte is written', async (_, names, options, code) => {
  await expect(save(names, options)).rejects.toMatchObject({ code });
});

test('a blob that is not what it was ends the archive with an error', async () => {
  const [layer = ''] = ociDescriptors();
  const path = store.context.content.find(layer as never) ?? '';
  const size = store.context.content.sizeOf(layer as never) ?? 0;
  writeFileSync(path, Buffer.alloc(size));
  await expect(save(['debian:12'])).rejects.toMatchObject({
    code: 'ERR_STORE_CORRUPT',
    message: expect.stringContaining(layer) as string,
  });
});

test('a missing blob is named', async () => {
  const [layer = ''] = ociDescriptors();
  store.context.content.remove(layer as never);
  await expect(save(['debian:12'])).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' });
});

test('an image that is removed meanwhile is saved all the same', async () => {
  const archive = await saveImages(store.context, ['debian:12'], { format: 'docker' });
  await removeImage(store.context, 'debian:12', { force: false });
  expect(store.onDisk().blobs).toEqual([]);
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive.chunks) chunks.push(chunk);
  await archive[Symbol.asyncDispose]();
  await expect(other.load(Buffer.concat(chunks))).resolves.toEqual([{ reference: 'debian:12', id }]);
});

describe('several platforms', () => {
  const platforms = ['amd64', 'arm64'] as const;
  const parts = platforms.map((architecture) => ociParts({ ...spec, names: [], architecture }));
  const manifestOf = (index: unknown) =>
    (index as { manifests: readonly { digest: string; size: number }[] }).manifests[0];
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        ...parts.map((part, at) => ({
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          ...manifestOf(part.index),
          platform: { os: 'linux', architecture: platforms[at] },
        })),
        // never fetched
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: sha256('elsewhere'),
          size: 9,
          platform: { os: 'linux', architecture: 's390x' },
        },
      ],
    }),
  );
  const root = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: sha256(index), size: index.length };

  beforeEach(async () => {
    const directory = join(store.context.paths.images, 'blobs/sha256');
    mkdirSync(directory, { recursive: true });
    const blobs = new Map([...parts.flatMap((part) => [...part.blobs]), [root.digest, index]]);
    for (const [digest, bytes] of blobs) writeFileSync(join(directory, digest.slice(7)), bytes);
    store.context.index.write([{ descriptor: root as never, reference: 'docker.io/library/multi:1' }]);
  });

  test('all that are here go with their index', async () => {
    const files = await filesOf(await save(['multi:1']));
    expect(files.get('index.json')).toContain(root.digest);
    expect([...files.keys()].filter((name) => name.startsWith('blobs/'))).toHaveLength(1 + 2 * 2 + 2);
  });

  test.each(platforms)('--platform takes one: %s', async (architecture) => {
    const archive = await save(['multi:1'], { platform: `linux/${architecture}` });
    const files = await filesOf(archive);
    const part = parts[platforms.indexOf(architecture)];
    expect(files.get('index.json')).toContain(manifestOf(part?.index)?.digest ?? 'none');
    expect([...files.keys()].filter((name) => name.startsWith('blobs/'))).toHaveLength(4);
    expect((await dockerManifest(archive))[0]?.Config).toBe(
      `blobs/sha256/${sha256(imageConfig({ ...spec, architecture })).slice(7)}`,
    );
  });

  test('a platform that was not fetched is named with those that are here', async () => {
    await expect(save(['multi:1'], { platform: 'linux/s390x' })).rejects.toMatchObject({
      code: 'ERR_IMAGE_PLATFORM',
      hint: 'multi:1 is here for linux/amd64, linux/arm64',
    });
  });
});

test('history is newest first, and steps without a layer take none of the sizes', async () => {
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: {},
      rootfs: { type: 'layers', diff_ids: [base, top].map(sha256) },
      history: [
        { created: '2020-01-01T00:00:00Z', created_by: 'ADD base' },
        { created: '2020-01-02T00:00:00Z', created_by: 'ENV A=b', empty_layer: true, comment: 'no layer' },
        { created_by: 'ADD top' },
      ],
    }),
  );
  await store.load(
    makeTar([
      file('c.json', config),
      file('0.tar', base),
      file('1.tar', top),
      file('manifest.json', JSON.stringify([{ Config: 'c.json', RepoTags: ['steps:1'], Layers: ['0.tar', '1.tar'] }])),
    ]),
  );
  expect(imageHistory(store.context, 'steps:1', {})).toEqual([
    { id: sha256(config), createdBy: 'ADD top', comment: '', sizeBytes: top.length },
    {
      id: '<missing>',
      createdAt: '2020-01-02T00:00:00Z',
      createdBy: 'ENV A=b',
      comment: 'no layer',
      sizeBytes: 0,
    },
    { id: '<missing>', createdAt: '2020-01-01T00:00:00Z', createdBy: 'ADD base', comment: '', sizeBytes: base.length },
  ]);
});
