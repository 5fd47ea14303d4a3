// SPDX-License-Identifier: Apache-2.0
// What the client does when the registry, or what is between, fails or lies.

import { rmSync } from 'node:fs';
import { digestOf } from '../../lib/image/digest.js';
import { mediaTypes } from '../../lib/image/media-types.js';
import { parseReference, type Reference } from '../../lib/image/reference.js';
import type { RegistryAccess } from '../../lib/registry/open.js';
import { pullImage, type PulledImage } from '../../lib/registry/pull.js';
import { pushImage } from '../../lib/registry/push.js';
import {
  describeWithRegistry,
  startRegistry,
  temporaryDirectory,
  type RunningRegistry,
} from './support/counterparts.js';
import { startFaultProxy, type Fault, type FaultProxy, type SeenRequest } from './support/fault-proxy.js';
import { makeImage, memorySink, openTestAccess, type MemorySink, type TestImage } from './support/image.js';

const platform = { os: 'linux', architecture: 'amd64' };

describeWithRegistry('a failing or lying registry', () => {
  let registry: RunningRegistry;
  let proxy: FaultProxy;
  let access: RegistryAccess;
  let image: TestImage;
  const home = temporaryDirectory();
  const at = (host: { readonly name: string }, name: string): Reference => parseReference(`${host.name}/${name}`);
  const pull = (name = 'app:1', sink: MemorySink = memorySink()): Promise<PulledImage> =>
    pullImage({ access, reference: at(proxy, name), platform, sink });

  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await startFaultProxy(registry.port);
    access = await openTestAccess({ home, idleMs: 500 });
    image = makeImage({ layerBytes: [1_000_000] });
    await pushImage({ access, reference: at(registry, 'app:1'), root: image.root, source: image });
  });
  beforeEach(() => {
    proxy.seen.length = 0;
    proxy.decide = () => undefined;
  });
  afterAll(async () => {
    await access[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });

  const layer = () => image.layers[0]!;
  const isLayer = ({ method, url }: SeenRequest): boolean => method === 'GET' && url.endsWith(layer().digest);
  const isManifest = ({ url }: SeenRequest): boolean => url.includes('/manifests/');
  const times = (count: number, matches: (request: SeenRequest) => boolean, fault: Fault): void => {
    let left = count;
    proxy.decide = (request) => (matches(request) && left-- > 0 ? fault : undefined);
  };

  test('a download goes on with Range after each cut', async () => {
    times(3, isLayer, { cutAnswerAfter: 200_000 });
    const sink = memorySink();
    await pull('app:1', sink);
    expect(sink.content.has(layer().digest)).toBe(true);
    const ranges = proxy.seen.filter(isLayer).map(({ headers }) => headers['range']);
    expect(ranges).toHaveLength(4);
    expect(ranges[0]).toBeUndefined();
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  test('a download goes on when the registry does not know ranges', async () => {
    let cuts = 1;
    proxy.decide = (request) =>
      isLayer(request) ? { ignoreRange: true, ...(cuts-- > 0 ? { cutAnswerAfter: 300_000 } : {}) } : undefined;
    const sink = memorySink();
    await pull('app:1', sink);
    expect(sink.content.has(layer().digest)).toBe(true);
  });

  test('cuts without progress end the pull, and the next one resumes what the sink kept', async () => {
    const sink = memorySink();
    times(1, isLayer, { cutAnswerAfter: 400_000 });
    const first = proxy.decide;
    proxy.decide = (request) => first(request) ?? (isLayer(request) ? { cutAnswerAfter: 0 } : undefined);
    await expect(pull('app:1', sink)).rejects.toMatchObject({
      code: 'ERR_REGISTRY_UNREACHABLE',
      message: expect.stringContaining('after'),
    });
    proxy.decide = () => undefined;
    proxy.seen.length = 0;
    await pull('app:1', sink);
    expect(proxy.seen.find(isLayer)?.headers['range']).toMatch(/^bytes=[1-9]\d*-$/);
    expect(sink.content.has(layer().digest)).toBe(true);
  });

  test.each([429, 500, 503])('status %d is tried again', async (status) => {
    times(2, isManifest, { status });
    await pull();
    expect(proxy.seen.filter(isManifest)).toHaveLength(3);
  });

  test('Retry-After is waited for', async () => {
    times(1, isManifest, { status: 429, headers: { 'retry-after': '1' } });
    const started = performance.now();
    await pull();
    expect(performance.now() - started).toBeGreaterThan(950);
  });

  test('a registry that asks for too much patience is an error at once', async () => {
    times(99, isManifest, { status: 429, headers: { 'retry-after': '3600' } });
    await expect(pull()).rejects.toMatchObject({ code: 'ERR_REGISTRY_BUSY' });
    expect(proxy.seen.filter(isManifest)).toHaveLength(1);
  });

  test('wrong content is found out: layer and manifest', async () => {
    times(1, isLayer, { corrupt: true });
    const sink = memorySink();
    await expect(pull('app:1', sink)).rejects.toMatchObject({
      code: 'ERR_DIGEST_MISMATCH',
      message: expect.stringContaining('/app: downloading'),
    });
    expect(sink.content.has(layer().digest)).toBe(false);
    times(1, isManifest, { corrupt: true });
    await expect(pull()).rejects.toMatchObject({
      code: 'ERR_DIGEST_MISMATCH',
      message: expect.stringContaining('fetching the manifest of 1'),
    });
  });

  test('wrong lengths are found out: too short, too long', async () => {
    times(99, isLayer, { length: 500 });
    await expect(pull()).rejects.toMatchObject({
      code: 'ERR_DIGEST_MISMATCH',
      message: expect.stringContaining('500 bytes, expected'),
    });
    times(99, isLayer, { length: 5_000_000 });
    await expect(pull()).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' });
  });

  test('a slow drip is waited for, a stall is not', async () => {
    times(1, isLayer, { drip: { bytes: 100_000, everyMs: 100 } });
    await pull();
    times(99, isLayer, { drip: { bytes: 10_000, everyMs: 2000 } });
    await expect(pull()).rejects.toMatchObject({ message: expect.stringContaining('the answer stalled') });
  }, 30_000);

  test('an upload that is cut goes on in chunks', async () => {
    const other = makeImage({ layerBytes: [2_000_000] });
    times(1, ({ method, headers }) => method === 'PUT' && Number(headers['content-length']) > 1_000_000, {
      cutRequestAfter: 700_000,
    });
    await pushImage({ access, reference: at(proxy, 'up:1'), root: other.root, source: other });
    await pull('up:1');
    const methods = proxy.seen.map(({ method }) => method);
    expect(methods).toContain('PATCH');
  });

  describe('chunks', () => {
    const range = ({ headers }: SeenRequest): string => String(headers['content-range']);
    const isSecond = (request: SeenRequest): boolean => range(request).startsWith('600000-');
    const pushChunks = async (name: string): Promise<number> => {
      const other = makeImage({ layerBytes: [2_000_000] });
      await pushImage({ access, reference: at(proxy, name), root: other.root, source: other, chunkBytes: 600_000 });
      return proxy.seen.filter((request) => range(request) === '0-599999').length;
    };

    test('go on from where the registry says it is', async () => {
      times(1, isSecond, { status: 503 });
      expect(await pushChunks('up:2')).toBe(1);
      expect(proxy.seen.filter(isSecond)).toHaveLength(2);
      await pull('up:2');
    });

    test('begin again when the registry cannot go on: docker-registry cannot in the middle of a chunk', async () => {
      times(1, isSecond, { cutRequestAfter: 300_000 });
      expect(await pushChunks('up:3')).toBe(2);
      await pull('up:3');
    });

    test('begin again when the registry has lost the upload', async () => {
      times(1, isSecond, { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' });
      expect(await pushChunks('up:5')).toBe(2);
      await pull('up:5');
    });

    test('end with an error when each try fails at the same place', async () => {
      times(99, isSecond, { cutRequestAfter: 300_000 });
      await expect(pushChunks('up:4')).rejects.toMatchObject({
        code: 'ERR_REGISTRY_UNREACHABLE',
        message: expect.stringMatching(/up: uploading sha256:\w+: the connection was cut/),
      });
    });
  });

  test('a redirect to an address of the machine itself is refused', async () => {
    times(99, isLayer, { status: 307, headers: { location: 'http://169.254.169.254/latest/meta-data' } });
    await expect(pull()).rejects.toMatchObject({
      code: 'ERR_REGISTRY_ANSWER',
      message: expect.stringContaining('local address'),
    });
  });

  describe('hostile manifests', () => {
    const manifest = (change: Record<string, unknown>): void => {
      const base = JSON.parse(Buffer.from(image.root.bytes).toString()) as Record<string, unknown>; // made above
      const body = JSON.stringify({ ...base, ...change });
      times(99, isManifest, { status: 200, headers: { 'content-type': mediaTypes.manifest }, body });
    };
    const one = { mediaType: mediaTypes.layerGzip, digest: `sha256:${'0'.repeat(64)}`, size: 10 };

    test.each([
      ['a negative size', { layers: [{ ...one, size: -1 }] }],
      ['a size that is no exact number', { layers: [{ ...one, size: 2 ** 60 }] }],
      ['a layer of petabytes', { layers: [{ ...one, size: 2 ** 50 }] }],
      ['a digest of another algorithm', { layers: [{ ...one, digest: `sha512:${'0'.repeat(128)}` }] }],
      ['a digest that is a path', { layers: [{ ...one, digest: 'sha256:../../../etc/passwd' }] }],
      ['10,000 layers', { layers: Array.from({ length: 10_000 }, () => one) }],
      ['another media type inside', { mediaType: mediaTypes.index }],
      ['a manifest and an index at once', { manifests: [] }],
      ['a huge config', { config: { mediaType: mediaTypes.config, digest: one.digest, size: 2 ** 31 } }],
      ['layers of no image', { layers: [{ ...one, mediaType: 'application/x-executable' }] }],
    ])('%s is refused', async (_, change) => {
      manifest(change);
      await expect(pull()).rejects.toMatchObject({
        code: 'ERR_IMAGE_INVALID',
        message: expect.stringContaining(`${proxy.name}/app`),
      });
      expect(proxy.seen.some(({ url }) => url.includes('/blobs/'))).toBe(false);
    });

    test('urls of foreign layers are never asked', async () => {
      await using trap = await startFaultProxy(registry.port);
      manifest({
        layers: [
          {
            ...one,
            mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
            urls: [`http://${trap.name}/steal`],
          },
        ],
      });
      await expect(pull()).rejects.toThrow();
      expect(trap.seen).toHaveLength(0);
    });

    test('too large, too deep, not JSON', async () => {
      const answer = (body: string): void =>
        times(99, isManifest, { status: 200, headers: { 'content-type': mediaTypes.manifest }, body });
      answer(`{"a":"${'x'.repeat(5_000_000)}"}`);
      await expect(pull()).rejects.toMatchObject({
        code: 'ERR_REGISTRY_ANSWER',
        message: expect.stringContaining('larger than'),
      });
      answer('['.repeat(100_000));
      await expect(pull()).rejects.toMatchObject({
        code: 'ERR_REGISTRY_ANSWER',
        message: expect.stringContaining('deeper'),
      });
      answer('<html>');
      await expect(pull()).rejects.toMatchObject({ code: 'ERR_IMAGE_INVALID' });
    });

    test('an index whose child is of another size is refused', async () => {
      const body = JSON.stringify({
        schemaVersion: 2,
        manifests: [{ mediaType: mediaTypes.manifest, digest: digestOf(image.root.bytes), size: 7, platform }],
      });
      times(1, isManifest, { status: 200, headers: { 'content-type': mediaTypes.index }, body });
      await expect(pull()).rejects.toMatchObject({
        code: 'ERR_REGISTRY_ANSWER',
        message: expect.stringContaining('its index says 7'),
      });
    });

    test('pages that do not end are refused', async () => {
      proxy.decide = ({ url }) =>
        url.includes('/tags/')
          ? { status: 200, headers: { link: '</v2/app/tags/list?last=a>; rel="next"' }, body: '{"tags":["a"]}' }
          : undefined;
      const list = async (): Promise<void> => {
        for await (const _ of access.client(proxy.name, 'app').listTags('app'));
      };
      await expect(list()).rejects.toMatchObject({ code: 'ERR_REGISTRY_ANSWER' });
    });
  });

  test('a mirror is asked first, and what it cannot do the registry does', async () => {
    const entry = {
      prefix: 'images.example',
      location: registry.name,
      insecure: true,
      blocked: false,
      mirrors: [{ location: proxy.name, insecure: true, pulls: 'all' as const }],
    };
    await using mirrored = await openTestAccess({ home, conf: { entries: [entry] } });
    const request = { access: mirrored, reference: parseReference('images.example/app:1'), platform };
    expect((await pullImage({ ...request, sink: memorySink() })).servedBy).toMatchObject({
      registry: proxy.name,
      mirror: true,
    });
    times(99, isLayer, { status: 404 });
    expect((await pullImage({ ...request, sink: memorySink() })).servedBy).toMatchObject({
      registry: registry.name,
      mirror: false,
    });
  });
});
