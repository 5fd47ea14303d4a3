// SPDX-License-Identifier: Apache-2.0
// Names and ids: finding, tagging, removing, listing, by docker's rules.

import { dockerArchive, imageConfig, sha256 } from '../../../support/archives.js';
import { file, makeTar } from '../../../support/tar.js';
import { findImage, findManifest } from '../../../../lib/engine/image/find.js';
import { hostImage } from '../../../../lib/engine/image/host-image.js';
import { inspectImage } from '../../../../lib/engine/image/inspect.js';
import { listImages } from '../../../../lib/engine/image/list.js';
import { removeImage } from '../../../../lib/engine/image/remove.js';
import { resolveImage } from '../../../../lib/engine/image/resolve.js';
import { tagImage } from '../../../../lib/engine/image/tag.js';
import { openImageFixture, type ImageFixture } from './fixture.js';

const one = { layers: [makeTar([file('one', '1')])], config: { Labels: { tier: 'web', a: '' } } };
const two = { layers: [...one.layers, makeTar([file('two', '2')])] };
const [idOne, idTwo] = [sha256(imageConfig(one)), sha256(imageConfig(two))];

let store: ImageFixture;
beforeEach(async () => {
  store = openImageFixture();
  await store.load(dockerArchive({ ...one, names: ['one:1', 'registry.example/one:2'] }));
  await store.load(dockerArchive({ ...two, names: ['two'] }));
});
afterEach(() => {
  store.dispose();
});

const remove = (name: string, force = false) => removeImage(store.context, name, { force });
const rows = (filters: Readonly<Record<string, readonly string[]>> = {}, reference?: string): readonly string[] =>
  listImages(store.context, { all: false, filters, ...(reference === undefined ? {} : { reference }) }).map(
    ({ repository, tag }) => `${repository}:${tag}`,
  );
const use = (imageId: string, running: boolean, layers: readonly string[] = []): void => {
  store.users.push({ name: 'box', imageId, running, layers });
};

describe('finding', () => {
  const idOf = (name: string): string => findManifest(store.context, name)?.id ?? 'host';
  const digestOf = (name: string): string => findManifest(store.context, name)?.manifestDigest ?? '';

  test('by name, in every form', () => {
    expect(idOf('two')).toBe(idTwo);
    expect(idOf('two:latest')).toBe(idTwo);
    expect(idOf('docker.io/library/two')).toBe(idTwo);
    expect(idOf('registry.example/one:2')).toBe(idOne);
    expect(idOf(`two@${digestOf('two')}`)).toBe(idTwo);
  });

  test('by id, whole or its beginning', () => {
    expect(idOf(idOne)).toBe(idOne);
    expect(idOf(idOne.slice(7))).toBe(idOne);
    expect(idOf(idOne.slice(0, 20))).toBe(idOne);
    expect(idOf(idOne.slice(7, 19))).toBe(idOne);
  });

  test('a name goes before an id', async () => {
    const name = idOne.slice(7, 19);
    await tagImage(store.context, 'two', name);
    expect(idOf(name)).toBe(idTwo);
  });

  test.each([['three'], ['two:2'], ['other.example/two'], ['0123456789abcdef0123'], [`two@sha256:${'0'.repeat(64)}`]])(
    '%s is not there',
    (name) => {
      expect(() => findImage(store.context, name)).toThrow(expect.objectContaining({ code: 'ERR_IMAGE_NOT_FOUND' }));
    },
  );

  test('what is neither name nor id is refused', () => {
    expect(() => findImage(store.context, 'No Name')).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_REFERENCE' }),
    );
  });
});

describe('tagging', () => {
  test('gives one more name', async () => {
    await tagImage(store.context, 'two', 'mine/two:x');
    await tagImage(store.context, idTwo.slice(7, 20), 'again');
    expect(rows()).toEqual(expect.arrayContaining(['two:latest', 'mine/two:x', 'again:latest']));
  });

  test('takes a name from another image', async () => {
    await tagImage(store.context, 'one:1', 'two');
    expect(rows()).toEqual(expect.arrayContaining(['<none>:<none>', 'two:latest', 'one:1']));
  });

  test.each([
    ['no such image', 'three', 'x', 'ERR_IMAGE_NOT_FOUND'],
    ['a bad name', 'two', 'Bad', 'ERR_INVALID_REFERENCE'],
    ['a digest', 'two', `x@${idOne}`, 'ERR_INVALID_REFERENCE'],
    ['the name of the built-in image', 'two', 'host', 'ERR_IMAGE_BUILT_IN'],
    ['the same with a tag', 'two', 'host:1', 'ERR_IMAGE_BUILT_IN'],
    ['the built-in image', 'host', 'x', 'ERR_NOT_SUPPORTED'],
  ])('%s is refused', async (_, source, target, code) => {
    await expect(tagImage(store.context, source, target)).rejects.toMatchObject({ code });
  });
});

describe('removing', () => {
  test('a name takes only the name, the last one the image and what nobody else needs', async () => {
    await expect(remove('one:1')).resolves.toEqual([{ untagged: 'one:1' }]);
    // its layer is the other image's too
    await expect(remove('registry.example/one:2')).resolves.toEqual([
      { untagged: 'registry.example/one:2' },
      { deleted: idOne },
    ]);
    expect(store.onDisk().layers).toHaveLength(2);
    await expect(remove('two')).resolves.toHaveLength(4);
    expect(store.onDisk()).toEqual({ blobs: [], layers: [], scratch: [] });
  });

  test('by id all names go, with force when there are several', async () => {
    await expect(remove(idOne)).rejects.toMatchObject({ code: 'ERR_IMAGE_SEVERAL_NAMES' });
    await expect(remove(idOne, true)).resolves.toEqual([
      { untagged: 'one:1' },
      { untagged: 'registry.example/one:2' },
      { deleted: idOne },
    ]);
    await expect(remove(idTwo.slice(7, 17))).resolves.toMatchObject([
      { untagged: 'two:latest' },
      { deleted: idTwo },
      {},
      {},
    ]);
  });

  test('an image without a name goes by id', async () => {
    await tagImage(store.context, 'one:1', 'two');
    await expect(remove(idTwo)).resolves.toMatchObject([{ deleted: idTwo }, {}]);
    expect(rows()).not.toContain('<none>:<none>');
  });

  test('what a stopped container stands on needs force, and its layers stay', async () => {
    const image = await resolveImage(store.context, 'two', {});
    use(idTwo, false, image.source.kind === 'layers' ? image.source.chainIds : []);
    await expect(remove('two')).rejects.toMatchObject({
      code: 'ERR_IMAGE_IN_USE',
      hint: expect.stringContaining('box') as string,
    });
    await expect(remove(idTwo)).rejects.toMatchObject({ code: 'ERR_IMAGE_IN_USE' });
    await expect(remove('two', true)).resolves.toEqual([{ untagged: 'two:latest' }, { deleted: idTwo }]);
    expect(store.onDisk().layers).toHaveLength(2);
  });

  test('a running container keeps its image: force takes only the name', async () => {
    use(idTwo, true);
    await expect(remove(idTwo, true)).rejects.toMatchObject({ code: 'ERR_IMAGE_IN_USE' });
    await expect(remove('two', true)).resolves.toEqual([{ untagged: 'two:latest' }]);
    expect(rows()).toContain('<none>:<none>');
  });

  test('one of several names goes though a container uses the image', async () => {
    use(idOne, true);
    await expect(remove('one:1')).resolves.toEqual([{ untagged: 'one:1' }]);
  });

  test('the built-in image stays', async () => {
    await expect(remove('host', true)).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' });
    await expect(remove(hostImage().id, true)).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' });
  });

  test('what a killed load left goes with the next removal', async () => {
    const { content, index } = store.context;
    const entries = index.read();
    index.write(entries.filter(({ reference }) => reference?.includes('two') !== true));
    expect(content.list()).toHaveLength(6);
    await remove('one:1');
    expect(content.list()).toHaveLength(3);
    expect(store.onDisk().layers).toHaveLength(1);
  });
});

describe('a damaged image', () => {
  beforeEach(() => {
    store.context.content.remove(findManifest(store.context, 'two')?.manifestDigest as never);
  });

  test('does not hide the others, and says what it is', () => {
    expect(rows()).toEqual(expect.arrayContaining(['one:1', 'two:latest']));
    expect(() => inspectImage(store.context, 'two')).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }));
  });

  test('can be removed', async () => {
    await expect(remove('two')).resolves.toEqual([{ untagged: 'two:latest' }]);
    expect(rows()).not.toContain('two:latest');
    expect(store.onDisk().layers).toHaveLength(1);
  });
});

describe('listing', () => {
  test.each([
    ['everything', {}, undefined, ['one:1', 'registry.example/one:2', 'two:latest', 'host:latest']],
    ['a repository', {}, 'one', ['one:1']],
    ['a name', {}, 'two:latest', ['two:latest']],
    ['a pattern', {}, '*/one', ['registry.example/one:2']],
    ['a set in a pattern', {}, '[ot][nw][eo]:[^2]*', ['one:1', 'two:latest']],
    ['no pattern matches', {}, 'o*/two', []],
    ['reference', { reference: ['two', 'registry.*/*:2'] }, undefined, ['registry.example/one:2', 'two:latest']],
    ['label', { label: ['tier'] }, undefined, ['one:1', 'registry.example/one:2']],
    ['label and value', { label: ['tier=web', 'a='] }, undefined, ['one:1', 'registry.example/one:2']],
    ['another value', { label: ['tier=db'] }, undefined, []],
    ['an inherited property is no label', { label: ['constructor'] }, undefined, []],
    ['since', { since: ['host'] }, undefined, ['one:1', 'registry.example/one:2', 'two:latest']],
    ['before', { before: ['two'] }, undefined, ['host:latest']],
    ['dangling', { dangling: ['true'] }, undefined, []],
    ['not dangling', { dangling: ['false'], label: ['tier'] }, undefined, ['one:1', 'registry.example/one:2']],
    ['until', { until: ['2000-01-01'] }, undefined, ['host:latest']],
  ])('%s', (_, filters, reference, expected) => {
    expect(rows(filters, reference)).toEqual(expected);
  });

  test.each([[{ nope: ['x'] }], [{ dangling: ['maybe'] }], [{ until: ['soon'] }]])(
    'the filter %j is refused',
    (filters) => {
      expect(() => rows(filters)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }));
    },
  );

  test('a row has the size of all unpacked layers', () => {
    const [row] = listImages(store.context, { all: false, filters: {}, reference: 'two' });
    expect(row).toMatchObject({
      id: idTwo,
      sizeBytes: two.layers.reduce((sum, layer) => sum + layer.length, 0),
      createdAt: '2020-01-02T03:04:05Z',
    });
  });
});

describe('the built-in image', () => {
  test('has a name, an id and no bytes', async () => {
    const { id } = hostImage();
    await expect(resolveImage(store.context, 'host', {})).resolves.toMatchObject({
      id,
      source: { kind: 'host' },
      defaults: { command: ['/bin/sh'] },
    });
    await expect(resolveImage(store.context, id.slice(7, 19), {})).resolves.toMatchObject({ id });
    expect(inspectImage(store.context, 'host:latest')).toMatchObject({ Id: id, RepoTags: ['host:latest'], Size: 0 });
  });

  test('does not hide another image of that name, which has its full name only', async () => {
    await store.load(dockerArchive({ ...one, names: ['host', 'host:1'] }));
    expect(rows()).toEqual(expect.arrayContaining(['host:latest', 'docker.io/library/host:latest']));
    await expect(resolveImage(store.context, 'docker.io/library/host', {})).resolves.toMatchObject({ id: idOne });
    await expect(resolveImage(store.context, 'host', {})).resolves.toMatchObject({ source: { kind: 'host' } });
    expect(() => findImage(store.context, 'host:1')).toThrow(expect.objectContaining({ code: 'ERR_IMAGE_NOT_FOUND' }));
    await expect(remove('docker.io/library/host')).resolves.toEqual([{ untagged: 'docker.io/library/host:latest' }]);
  });
});

describe('a platform that is asked for', () => {
  test('must be the image’s', async () => {
    await expect(resolveImage(store.context, 'two', { platform: 'linux/s390x' })).rejects.toMatchObject({
      code: 'ERR_IMAGE_PLATFORM',
    });
    await expect(resolveImage(store.context, 'host', { platform: 'linux/s390x' })).rejects.toMatchObject({
      code: 'ERR_IMAGE_PLATFORM',
    });
  });
});

test('inspect has what docker has', () => {
  expect(inspectImage(store.context, 'one:1')).toMatchObject({
    Id: idOne,
    RepoTags: ['one:1', 'registry.example/one:2'],
    Created: '2020-01-02T03:04:05Z',
    Config: { Labels: { tier: 'web', a: '' }, Env: null, Cmd: null, Entrypoint: null, Volumes: null },
    Os: 'linux',
    RootFS: { Type: 'layers', Layers: one.layers.map(sha256) },
  });
});
