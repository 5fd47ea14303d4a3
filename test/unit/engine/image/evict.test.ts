// SPDX-License-Identifier: Apache-2.0
// store.maxSize: what goes when the store has become too large, and what never does.

import { utimesSync } from 'node:fs';
import type { Digest } from '../../../../lib/image/digest.js';
import { readImages } from '../../../../lib/engine/image/stored-image.js';
import { dockerArchive } from '../../../support/archives.js';
import { file, makeTar } from '../../../support/tar.js';
import { openImageFixture, type ImageFixture } from './fixture.js';

const sizeKiB = 100;
const archiveOf = (name: string): Buffer =>
  dockerArchive({
    layers: [makeTar([file('f', name.padEnd(sizeKiB * 1024, name))])],
    config: {},
    names: [`${name}:1`],
  });

let fixture: ImageFixture;
beforeEach(() => {
  fixture = openImageFixture();
});
afterEach(() => {
  fixture.dispose();
});

const load = async (name: string): Promise<Digest> => {
  const [loaded] = await fixture.load(archiveOf(name));
  return loaded?.id as Digest; // of an image that was loaded
};
const usedAt = (id: Digest, day: number): void =>
  utimesSync(fixture.context.content.find(id) ?? '', new Date(0), new Date(Date.UTC(2020, 0, day)));
const names = (): readonly string[] =>
  readImages(fixture.context)
    .images.flatMap(({ references }) => references.map(({ path }) => path.replace('library/', '')))
    .sort();
/** blob and unpacked layer of three images fit, not of four */
const roomForThree = (3 * 2 + 1) * (sizeKiB + 4) * 1024;

test('without a limit everything stays', async () => {
  for (const name of ['a', 'b', 'c', 'd']) await load(name);
  expect(names()).toEqual(['a', 'b', 'c', 'd']);
  expect(fixture.notices).toEqual([]);
});

test('the image that was not used for longest goes first, and people are told', async () => {
  fixture.limits.maxStoreBytes = roomForThree;
  usedAt(await load('a'), 3);
  usedAt(await load('b'), 1);
  usedAt(await load('c'), 2);
  await load('d');
  expect(names()).toEqual(['a', 'c', 'd']);
  expect(fixture.notices).toEqual([
    expect.stringMatching(/^removed the image b:1, last used \d+ years ago, to keep within the/),
  ]);
});

test('an image that was used lately stays, whenever it came', async () => {
  fixture.limits.maxStoreBytes = roomForThree;
  const first = await load('a');
  usedAt(first, 1);
  usedAt(await load('b'), 2);
  usedAt(await load('c'), 3);
  fixture.context.content.touch(first);
  await load('d');
  expect(names()).toEqual(['a', 'c', 'd']);
});

test('an image in use stays, and so does the one that has just come; people are told that it is too much', async () => {
  fixture.limits.maxStoreBytes = 1;
  const used = await load('a');
  fixture.users.push({ name: 'c', imageId: used, layers: [], running: false });
  await load('b');
  expect(names()).toEqual(['a', 'b']);
  expect(fixture.notices.at(-1)).toMatch(
    /^images take .*, more than the 1B of store\.maxSize, and all of them are in use$/,
  );
});
