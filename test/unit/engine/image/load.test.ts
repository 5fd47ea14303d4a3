// SPDX-License-Identifier: Apache-2.0
// Archives of both kinds and all compressions, whole and broken.

import { gzipSync } from 'node:zlib';
import { dockerArchive, imageConfig, ociArchive, ociParts, packOci, sha256 } from '../../../support/archives.js';
import { file, makeTar, symlink } from '../../../support/tar.js';
import { resolveImage } from '../../../../lib/engine/image/resolve.js';
import { openImageFixture, unpackedTar, type ImageFixture } from './fixture.js';

const base = makeTar([file('etc/base', 'base')]);
const top = makeTar([file('etc/top', 'top')]);
const spec = { layers: [base, top], names: ['debian:12'], config: { Cmd: ['sh'], Env: ['A=b'] } };
const id = sha256(imageConfig(spec));

describe.each(['stream', 'file'] as const)('an archive that is a %s', (source) => {
  let store: ImageFixture;
  beforeEach(() => {
    store = openImageFixture(source);
  });
  afterEach(() => {
    store.dispose();
  });

  const resolve = (name: string) => resolveImage(store.context, name, {});

  test.each([
    ['docker-archive', dockerArchive(spec)],
    ['docker-archive with gzip layers', dockerArchive({ ...spec, compression: 'gzip' })],
    ['docker-archive with zstd layers', dockerArchive({ ...spec, compression: 'zstd' })],
    ['docker-archive in gzip', gzipSync(dockerArchive(spec))],
    ['OCI archive', ociArchive({ ...spec, names: ['docker.io/library/debian:12'] })],
    ['OCI archive with plain layers', ociArchive({ ...spec, names: ['debian:12'], compression: 'none' })],
    ['OCI archive with zstd layers', ociArchive({ ...spec, names: ['debian:12'], compression: 'zstd' })],
    ['OCI archive in gzip', gzipSync(ociArchive({ ...spec, names: ['debian:12'] }))],
  ])('%s', async (_, archive) => {
    await expect(store.load(archive)).resolves.toEqual([{ reference: 'debian:12', id }]);
    const image = await resolve('debian:12');
    expect(image).toMatchObject({ id, defaults: { command: ['sh'], env: ['A=b'] } });
    if (image.source.kind !== 'layers') throw new Error('no layers');
    // topmost first
    expect(image.source.directories.map(unpackedTar)).toEqual([top, base]);
    expect(store.onDisk()).toMatchObject({ scratch: [] });
    expect(store.onDisk().blobs).toHaveLength(4);
  });

  test('several images and names in one archive, sharing a layer', async () => {
    const [one, two] = [imageConfig({ layers: [base] }), imageConfig({ layers: [base, top] })];
    const archive = makeTar([
      file(
        'manifest.json',
        JSON.stringify([
          { Config: 'one.json', RepoTags: ['one:1', 'one:2'], Layers: ['base/layer.tar'] },
          { Config: 'two.json', RepoTags: null, Layers: ['base/layer.tar', 'top/layer.tar'] },
        ]),
      ),
      file('one.json', one),
      file('two.json', two),
      file('base.tar', base),
      symlink('base/layer.tar', '../base.tar'),
      file('top/layer.tar', top),
    ]);
    await expect(store.load(archive)).resolves.toEqual([
      { reference: 'one:1', id: sha256(one) },
      { reference: 'one:2', id: sha256(one) },
      { id: sha256(two) },
    ]);
    expect(store.onDisk().layers).toHaveLength(2);
  });

  test('an archive of newer docker save has both kinds of documents: the names are whole', async () => {
    const parts = ociParts({ layers: [base], compression: 'none' });
    const { manifests } = parts.index as { manifests: readonly object[] };
    const annotations = {
      'io.containerd.image.name': 'docker.io/library/debian:12',
      'org.opencontainers.image.ref.name': '12',
    };
    const index = { schemaVersion: 2, manifests: manifests.map((manifest) => ({ ...manifest, annotations })) };
    await expect(store.load(packOci({ ...parts, index }))).resolves.toMatchObject([{ reference: 'debian:12' }]);
  });

  test('a bare tag names nothing', async () => {
    await expect(store.load(ociArchive({ layers: [base], names: ['latest'] }))).resolves.toEqual([
      { id: sha256(imageConfig({ layers: [base] })) },
    ]);
  });

  describe('an index within the index', () => {
    const nested = (architectures: readonly string[], isMissing: (architecture: string) => boolean = () => false) => {
      const images = architectures.map((architecture) => ({
        architecture,
        ...ociParts({ layers: [makeTar([file('arch', architecture)])], architecture }),
      }));
      const inner = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.index.v1+json',
          manifests: images.map(({ architecture, index }) => ({
            ...(index as { manifests: readonly object[] }).manifests[0],
            platform: { os: 'linux', architecture },
          })),
        }),
      );
      const kept = images.filter(({ architecture }) => !isMissing(architecture)).flatMap(({ blobs }) => [...blobs]);
      const descriptor = {
        mediaType: 'application/vnd.oci.image.index.v1+json',
        digest: sha256(inner),
        size: inner.length,
        annotations: { 'org.opencontainers.image.ref.name': 'docker.io/library/multi:1' },
      };
      return packOci({
        blobs: new Map([...kept, [sha256(inner), inner]]),
        index: { schemaVersion: 2, manifests: [descriptor] },
      });
    };
    const own = process.arch === 'arm64' ? 'arm64' : 'amd64';
    const other = own === 'arm64' ? 'amd64' : 'arm64';

    test('the manifest for this platform is taken', async () => {
      await store.load(nested([other, own], (architecture) => architecture === other));
      const image = await resolve('multi:1');
      if (image.source.kind !== 'layers') throw new Error('no layers');
      expect(unpackedTar(image.source.directories[0] ?? '').includes(own)).toBe(true);
    });

    test('without one for this platform it says what there is', async () => {
      await expect(store.load(nested([other]))).rejects.toMatchObject({
        code: 'ERR_IMAGE_PLATFORM',
        hint: expect.stringContaining(other) as string,
      });
    });
  });

  test('the same archive twice at once', async () => {
    const archive = dockerArchive(spec);
    await Promise.all([store.load(archive), store.load(archive), store.load(archive)]);
    await expect(resolve('debian:12')).resolves.toMatchObject({ id });
    expect(store.onDisk()).toMatchObject({ scratch: [] });
    expect(store.onDisk().layers).toHaveLength(2);
  });

  test('a name that is taken over is announced, and its old image stays without', async () => {
    await store.load(dockerArchive({ layers: [base], names: ['app'] }));
    await store.load(dockerArchive({ layers: [top], names: ['app'] }));
    expect(store.notices).toEqual([
      `The image app:latest already exists, renaming the old one with ID ${sha256(imageConfig({ layers: [base] }))} to empty string`,
    ]);
    expect(store.context.index.read().map(({ reference }) => reference)).toEqual([
      undefined,
      'docker.io/library/app:latest',
    ]);
  });

  test('another manifest of the same image does not keep the first one', async () => {
    await store.load(dockerArchive(spec));
    await store.load(ociArchive({ ...spec, names: ['debian:12'] }));
    expect(store.context.index.read()).toHaveLength(1);
    // manifest, config, two layers
    expect(store.onDisk().blobs).toHaveLength(4);
  });

  describe('bad input', () => {
    const oci = ociParts(spec);
    const withBlob = (change: (bytes: Buffer) => Buffer) => {
      const [first] = [...oci.blobs].filter(([, bytes]) => bytes[0] === 0x1f);
      if (first === undefined) throw new Error('no gzip layer');
      return packOci({ ...oci, blobs: new Map([...oci.blobs, [first[0], change(first[1])]]) });
    };
    const manifestJson = (value: unknown) => makeTar([file('manifest.json', JSON.stringify(value))]);
    const good = dockerArchive(spec);

    test.each([
      ['nothing', Buffer.alloc(0), 'ERR_ARCHIVE_INVALID'],
      ['text', Buffer.from('hello '.repeat(1000)), 'ERR_ARCHIVE_INVALID'],
      ['zeros', Buffer.alloc(10_240), 'ERR_ARCHIVE_INVALID'],
      ['a tar of something else', base, 'ERR_ARCHIVE_INVALID'],
      ['a tar cut off', good.subarray(0, good.length / 2), 'ERR_ARCHIVE_INVALID'],
      ['a tar cut off within a block', good.subarray(0, 700), 'ERR_ARCHIVE_INVALID'],
      ['a tar with a wrong checksum', Buffer.concat([Buffer.from('X'), good.subarray(1)]), 'ERR_ARCHIVE_INVALID'],
      ['a gzip cut off', gzipSync(good).subarray(0, 300), 'ERR_ARCHIVE_INVALID'],
      ['a name that leads out', makeTar([file('../../x', 'x')]), 'ERR_ARCHIVE_INVALID'],
      ['a link that leads out', makeTar([symlink('a/b', '../../../etc/passwd')]), 'ERR_ARCHIVE_INVALID'],
      ['a manifest that is no list', manifestJson({}), 'ERR_IMAGE_INVALID'],
      ['a manifest without images', manifestJson([]), 'ERR_ARCHIVE_INVALID'],
      ['an image without config', manifestJson([{ Layers: [] }]), 'ERR_IMAGE_INVALID'],
      ['a config that is missing', manifestJson([{ Config: 'x.json', Layers: [] }]), 'ERR_ARCHIVE_INVALID'],
      [
        'a diff id that is not the layer',
        dockerArchive({ ...spec, diffIds: [sha256('x'), sha256('y')] }),
        'ERR_DIGEST_MISMATCH',
      ],
      ['the same with gzip', ociArchive({ ...spec, diffIds: [sha256('x'), sha256('y')] }), 'ERR_DIGEST_MISMATCH'],
      ['fewer diff ids than layers', dockerArchive({ ...spec, diffIds: [sha256(base)] }), 'ERR_ARCHIVE_INVALID'],
      ['a bad name', dockerArchive({ ...spec, names: ['Bad Name'] }), 'ERR_INVALID_REFERENCE'],
      [
        'a blob that is not its digest',
        withBlob((bytes) => Buffer.concat([bytes, Buffer.from('x')])),
        'ERR_DIGEST_MISMATCH',
      ],
      ['a blob that is missing', packOci({ ...oci, blobs: new Map([...oci.blobs].slice(1)) }), 'ERR_ARCHIVE_INVALID'],
      ['an index of nothing', packOci({ ...oci, index: { schemaVersion: 2, manifests: [] } }), 'ERR_ARCHIVE_INVALID'],
      ['an index that is a string', packOci({ ...oci, index: 'x' }), 'ERR_IMAGE_INVALID'],
      ['bzip2', Buffer.from('BZh91AY&SY'), 'ERR_NOT_SUPPORTED'],
    ])('%s is refused, and nothing stays', async (_, archive, code) => {
      await expect(store.load(archive)).rejects.toMatchObject({ code });
      expect(store.onDisk()).toEqual({ blobs: [], layers: [], scratch: [] });
      expect(store.context.index.read()).toEqual([]);
    });

    test('a size in a descriptor that is not true is refused', async () => {
      const { manifests } = oci.index as { manifests: readonly { readonly size: number }[] };
      const index = { schemaVersion: 2, manifests: manifests.map((entry) => ({ ...entry, size: entry.size + 1 })) };
      await expect(store.load(packOci({ ...oci, index }))).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' });
    });

    test('what comes after the end of the archive is neither kept nor waited for', async () => {
      let sent = 0;
      const endless = async function* (): AsyncGenerator<Buffer> {
        yield dockerArchive(spec);
        for (; sent < 1000; sent++) yield await Promise.resolve(Buffer.alloc(1024 * 1024));
      };
      await expect(store.loadStream(endless())).resolves.toHaveLength(1);
      expect(sent).toBeLessThan(20);
    });

    test('links that go round in circles are refused', async () => {
      const circle = makeTar([
        file('manifest.json', JSON.stringify([{ Config: 'a', Layers: [] }])),
        symlink('a', 'b'),
        symlink('b', 'a'),
      ]);
      await expect(store.load(circle)).rejects.toMatchObject({ code: 'ERR_ARCHIVE_INVALID' });
    });
  });

  test('a layer that vanished is unpacked again when the image is used', async () => {
    await store.load(ociArchive({ ...spec, names: ['debian:12'] }));
    const image = await resolve('debian:12');
    store.context.layers.takeOut(store.context.layers.list());
    await expect(resolve('debian:12')).resolves.toEqual(image);
    expect(store.onDisk().layers).toHaveLength(2);
  });
});
