// SPDX-License-Identifier: Apache-2.0
// Manifests, indexes and configs from somebody who means harm: each is refused by name, none is believed.

import { chainIdsOf, parseConfig } from '../../../lib/image/config.js';
import { digestOf, parseDigest } from '../../../lib/image/digest.js';
import { chooseManifest, makeManifest, parseDocument, parseIndex } from '../../../lib/image/manifest.js';
import { mediaTypes } from '../../../lib/image/media-types.js';
import { parsePlatform } from '../../../lib/image/platform.js';

const digest = digestOf('x');
const layer = { mediaType: mediaTypes.layerTar, digest, size: 1 };
const config = { mediaType: mediaTypes.config, digest, size: 1 };
const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] };
const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const invalid = expect.objectContaining({ code: 'ERR_IMAGE_INVALID' }) as Error;
const parse = (value: unknown, type: string = mediaTypes.manifest) => parseDocument(bytes(value), type, 'it');

test('a manifest is read', () => {
  expect(parse(manifest)).toEqual({
    kind: 'manifest',
    manifest: { mediaType: mediaTypes.manifest, config, layers: [layer], annotations: {} },
  });
});

test.each([
  ['no JSON', '{'],
  ['a list', []],
  ['null', 'null'],
  ['another schema', { ...manifest, schemaVersion: 1 }],
  ['a lie about its type', { ...manifest, mediaType: mediaTypes.index }],
  ['a manifest and an index at once', { ...manifest, manifests: [] }],
  ['no config', { ...manifest, config: undefined }],
  ['layers that are no list', { ...manifest, layers: {} }],
  ['a negative size', { ...manifest, layers: [{ ...layer, size: -1 }] }],
  ['a huge size', { ...manifest, layers: [{ ...layer, size: 1e300 }] }],
  ['a size in words', { ...manifest, layers: [{ ...layer, size: '1' }] }],
  ['another algorithm', { ...manifest, layers: [{ ...layer, digest: `sha512:${'0'.repeat(128)}` }] }],
  ['a path as digest', { ...manifest, layers: [{ ...layer, digest: 'sha256:../../../../etc/passwd' }] }],
  ['10,000 layers', { ...manifest, layers: Array.from({ length: 10_000 }, () => layer) }],
  ['a layer that is none', { ...manifest, layers: [{ ...layer, mediaType: 'application/wasm' }] }],
  ['a NUL in a name', { ...manifest, layers: [{ ...layer, mediaType: 'a\0b' }] }],
  ['annotations that are no strings', { ...manifest, annotations: { a: 1 } }],
])('a manifest with %s is refused', (_, value) => {
  expect(() => parse(value)).toThrow(invalid);
});

test('a document over the bound is refused before it is parsed', () => {
  expect(() => parse(' '.repeat(4 * 1024 * 1024 + 1))).toThrow(invalid);
});

test('deep nesting does not exhaust the stack', () => {
  expect(() => parse(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`)).toThrow(invalid);
});

test('a key that every JavaScript object has stays a key', () => {
  const text = '{"schemaVersion":2,"manifests":[],"annotations":{"__proto__":"x","constructor":"y"}}';
  const { annotations } = parseIndex(bytes(text), 'it');
  expect(Object.entries(annotations)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

test('a document that is not UTF-8 is refused', () => {
  expect(() => parseDocument(Buffer.from([0x22, 0xff, 0x22]), mediaTypes.manifest, 'it')).toThrow(invalid);
});

test('an unknown type of document is refused', () => {
  expect(() => parse({ ...manifest, mediaType: undefined }, 'text/html')).toThrow(invalid);
});

describe('config', () => {
  const good = { rootfs: { type: 'layers', diff_ids: [digest] } };

  test('absent and null fields mean the same', () => {
    const parsed = parseConfig(bytes({ ...good, config: { Env: null, Cmd: null, Labels: null } }), 'it');
    expect(parsed).toMatchObject({ platform: { os: 'linux' }, diffIds: [digest], history: [] });
    expect(parsed.defaults).toEqual(parseConfig(bytes(good), 'it').defaults);
    expect(parsed.defaults.command).toBeUndefined();
  });

  test('an empty list is not an absent one', () => {
    const { defaults } = parseConfig(bytes({ ...good, config: { Cmd: [] } }), 'it');
    expect(defaults.command).toEqual([]);
  });

  test.each([
    ['no rootfs', {}],
    ['another kind of rootfs', { rootfs: { type: 'tree', diff_ids: [] } }],
    ['diff ids that are none', { rootfs: { type: 'layers', diff_ids: ['x'] } }],
    ['an Env that is no list', { ...good, config: { Env: 'A=b' } }],
    ['numbers in Cmd', { ...good, config: { Cmd: [1] } }],
    ['a NUL in Cmd', { ...good, config: { Cmd: ['a\0b'] } }],
    ['a time that is none', { ...good, created: 'yesterday' }],
    ['a negative interval', { ...good, config: { Healthcheck: { Interval: -1 } } }],
  ])('%s is refused', (_, value) => {
    expect(() => parseConfig(bytes(value), 'it')).toThrow(invalid);
  });
});

test('chain ids are those of the specification', () => {
  const [a, b] = [digestOf('a'), digestOf('b')];
  expect(chainIdsOf([])).toEqual([]);
  expect(chainIdsOf([a])).toEqual([a]);
  expect(chainIdsOf([a, b])).toEqual([a, digestOf(`${a} ${b}`)]);
});

test('a manifest that is made can be read again', () => {
  const content = bytes({ rootfs: {} });
  const made = makeManifest(content, [{ digest, size: 5, compression: 'gzip' }]);
  expect(parseDocument(made, mediaTypes.manifest, 'it')).toMatchObject({
    kind: 'manifest',
    manifest: { config: { digest: digestOf(content) }, layers: [{ digest, size: 5, mediaType: mediaTypes.layerGzip }] },
  });
});

describe('the manifest for a platform', () => {
  const at = (platform: string | undefined, name: string, mediaType: string = mediaTypes.manifest) => ({
    mediaType,
    digest: digestOf(name),
    size: 1,
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
  });
  const choose = (
    manifests: readonly ReturnType<typeof at>[],
    wanted: string,
    there: (name: string) => boolean = () => true,
  ) => chooseManifest(manifests, parsePlatform(wanted), (descriptor) => there(descriptor.digest))?.digest;

  test('is the best match', () => {
    const manifests = [at('linux/arm/v5', 'a'), at('linux/arm/v6', 'b'), at('linux/amd64', 'c')];
    expect(choose(manifests, 'linux/arm/v7')).toBe(digestOf('b'));
    expect(choose(manifests, 'linux/amd64')).toBe(digestOf('c'));
    expect(choose(manifests, 'linux/arm64')).toBeUndefined();
  });

  test('is one that is there', () => {
    const manifests = [at('linux/amd64', 'a'), at('linux/amd64', 'b')];
    expect(choose(manifests, 'linux/amd64', (name) => name === digestOf('b'))).toBe(digestOf('b'));
  });

  test('is never an attestation', () => {
    expect(choose([at('unknown/unknown', 'a'), at('linux/amd64', 'b')], 'linux/amd64')).toBe(digestOf('b'));
  });

  test('is the only one when it does not say what it is for', () => {
    expect(choose([at(undefined, 'a')], 'linux/amd64')).toBe(digestOf('a'));
    expect(choose([at(undefined, 'a'), at(undefined, 'b')], 'linux/amd64')).toBeUndefined();
  });
});

test.each([['sha256:'], ['sha256:AB'], [`sha256:${'A'.repeat(64)}`], [5], [null]])('%j is no digest', (text) => {
  expect(() => parseDigest(text, 'it')).toThrow(invalid);
});
