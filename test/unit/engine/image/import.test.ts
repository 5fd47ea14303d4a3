// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { file, makeTar } from '../../../support/tar.js';
import { sha256 } from '../../../support/archives.js';
import { importImage } from '../../../../lib/engine/image/import.js';
import { inspectImage } from '../../../../lib/engine/image/inspect.js';
import { openImageFixture, type ImageFixture } from './fixture.js';

const rootfs = makeTar([file('etc/os-release', 'ID=test')]);

let store: ImageFixture;
beforeEach(() => {
  store = openImageFixture();
});
afterEach(() => {
  store.dispose();
});

const importTar = (bytes: Uint8Array, more: Partial<Parameters<typeof importImage>[1]> = {}) =>
  importImage(store.context, { source: Readable.from([bytes], { objectMode: false }), changes: [], ...more });

test.each([
  ['plain', rootfs],
  ['gzip', gzipSync(rootfs)],
])('a %s tar becomes an image with its layer as it came', async (_, bytes) => {
  const { id } = await importTar(bytes, {
    reference: 'test:1',
    changes: ['CMD ["sh"]', 'ENV A=b'],
    message: 'from the test',
    platform: 'linux/arm64',
  });
  expect(inspectImage(store.context, 'test:1')).toMatchObject({
    Id: id,
    Comment: 'from the test',
    Architecture: 'arm64',
    Config: { Cmd: ['sh'], Env: ['A=b'] },
    RootFS: { Layers: [sha256(rootfs)] },
  });
  expect(store.onDisk()).toEqual({
    blobs: expect.arrayContaining([sha256(Buffer.from(bytes)).slice(7)]) as unknown,
    layers: [sha256(rootfs).slice(7)],
    scratch: [],
  });
});

test('without a name the image has none', async () => {
  const { id } = await importTar(rootfs);
  expect(inspectImage(store.context, id)).toMatchObject({ RepoTags: [] });
});

test('the same tar twice makes two images on one layer', async () => {
  await importTar(rootfs, { reference: 'a', message: '1' });
  await importTar(rootfs, { reference: 'b', message: '2' });
  expect(store.onDisk().layers).toHaveLength(1);
  expect(store.onDisk().blobs).toHaveLength(5);
});

test.each([
  ['nothing', Buffer.alloc(0), {}, 'ERR_ARCHIVE_INVALID'],
  ['xz', Buffer.from('fd377a585a0000', 'hex'), {}, 'ERR_NOT_SUPPORTED'],
  ['a gzip cut off', gzipSync(rootfs).subarray(0, 60), {}, 'ERR_ARCHIVE_INVALID'],
  ['a bad name', rootfs, { reference: 'A B' }, 'ERR_INVALID_REFERENCE'],
  ['a name with a digest', rootfs, { reference: `a@${sha256('x')}` }, 'ERR_INVALID_REFERENCE'],
  ['the name of the built-in image', rootfs, { reference: 'host' }, 'ERR_IMAGE_BUILT_IN'],
  ['a bad change', rootfs, { changes: ['RUN x'] }, 'ERR_INVALID_VALUE'],
  ['a bad platform', rootfs, { platform: 'a/b/c/d' }, 'ERR_INVALID_VALUE'],
])('%s is refused, and nothing stays', async (_, bytes, more, code) => {
  await expect(importTar(bytes, more)).rejects.toMatchObject({ code });
  expect(store.onDisk()).toEqual({ blobs: [], layers: [], scratch: [] });
});
