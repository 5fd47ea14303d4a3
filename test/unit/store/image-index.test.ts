// SPDX-License-Identifier: Apache-2.0
// Names in index.json: who has one, who lost one, who has none.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../../lib/image/digest.js';
import { mediaTypes } from '../../../lib/image/media-types.js';
import {
  openImageIndex,
  withNameless,
  withoutReference,
  withReference,
  type IndexEntry,
} from '../../../lib/store/image-index.js';
import type { Paths } from '../../../lib/store/paths.js';

const manifest = (name: string) => ({ mediaType: mediaTypes.manifest, digest: digestOf(name), size: name.length });
const [a, b] = [manifest('a'), manifest('bb')];
const one = 'docker.io/library/one:latest';
const two = 'docker.io/library/two:latest';
const namesOf = (entries: readonly IndexEntry[]) =>
  entries.map(({ descriptor, reference }) => [descriptor.digest === a.digest ? 'a' : 'b', reference]);

test('a name moves, and the one who loses its last stays without', () => {
  const first = withReference([], one, a);
  expect(namesOf(withReference(first, one, b))).toEqual([
    ['a', undefined],
    ['b', one],
  ]);
  expect(namesOf(withReference(withReference(first, two, a), one, b))).toEqual([
    ['a', two],
    ['b', one],
  ]);
});

test('giving a name again changes nothing', () => {
  const entries = withReference([], one, a);
  expect(withReference(entries, one, a)).toBe(entries);
});

test('a nameless manifest that gets a name is not nameless any more', () => {
  expect(namesOf(withReference(withNameless([], a), one, a))).toEqual([['a', one]]);
  expect(namesOf(withNameless(withReference([], one, a), a))).toEqual([['a', one]]);
});

test('a name is taken away', () => {
  const entries = withReference(withReference([], one, a), two, a);
  expect(namesOf(withoutReference(entries, one))).toEqual([['a', two]]);
  expect(namesOf(withoutReference(withoutReference(entries, one), two))).toEqual([['a', undefined]]);
  expect(withoutReference(entries, 'docker.io/library/other:latest')).toBe(entries);
});

describe('on disk', () => {
  let images = '';
  beforeEach(() => {
    images = join(mkdtempSync(join(tmpdir(), 'sampan-index-')), 'images');
    mkdirSync(images);
  });
  afterEach(() => {
    rmSync(join(images, '..'), { recursive: true });
  });
  const neverFull = (): never => {
    throw new Error('the disk is not full');
  };
  const open = () => openImageIndex({ images } as Paths, neverFull); // the only field it uses

  test('it is an image layout, and what was written is read', () => {
    const entries = withReference(withNameless([], b), one, { ...a, annotations: { keep: 'me' } });
    open().write(entries);
    expect(open().read()).toMatchObject(entries);
    expect(JSON.parse(readFileSync(join(images, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' });
    expect(JSON.parse(readFileSync(join(images, 'index.json'), 'utf8'))).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [b, { ...a, annotations: { keep: 'me', 'org.opencontainers.image.ref.name': one } }],
    });
  });

  test('without a file there are no images', () => {
    expect(open().read()).toEqual([]);
  });

  test('a damaged file is said to be', () => {
    writeFileSync(join(images, 'index.json'), '{"schemaVersion":2,"manifests":[{}]}');
    expect(() => open().read()).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }));
  });
});
