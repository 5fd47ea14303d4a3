// SPDX-License-Identifier: Apache-2.0
// Pull, push, copy, list and search against a real registry, and against what skopeo pushed and reads.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../lib/image/digest.js';
import { parseReference, type Reference } from '../../lib/image/reference.js';
import type { RegistryEvent } from '../../lib/registry/contract.js';
import type { RegistryAccess } from '../../lib/registry/open.js';
import { pullImage, type PulledImage } from '../../lib/registry/pull.js';
import { pushImage } from '../../lib/registry/push.js';
import { searchRegistry } from '../../lib/registry/search.js';
import {
  describeWithRegistry,
  skopeo,
  startRegistry,
  temporaryDirectory,
  type RunningRegistry,
} from './support/counterparts.js';
import { makeImage, makeIndex, memorySink, openTestAccess, type MemorySink, type TestImage } from './support/image.js';

describeWithRegistry('transfers with a real registry', () => {
  let registry: RunningRegistry;
  let access: RegistryAccess;
  const home = temporaryDirectory();
  const reference = (name: string): Reference => parseReference(`${registry.name}/${name}`);
  const push = (name: string, image: TestImage, more: { chunkBytes?: number } = {}): Promise<string> =>
    pushImage({ access, reference: reference(name), root: image.root, source: image, ...more });
  const pull = (name: string, architecture = 'amd64', sink: MemorySink = memorySink()): Promise<PulledImage> =>
    pullImage({ access, reference: reference(name), platform: { os: 'linux', architecture }, sink });

  beforeAll(async () => {
    registry = await startRegistry();
    access = await openTestAccess({ home });
  });
  afterAll(async () => {
    await access[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });

  test.each([['oci', false] as const, ['docker', true] as const])(
    'what is pushed in %s types is pulled the same, by us and by skopeo',
    async (kind, docker) => {
      const image = makeImage({ layerBytes: [300_000, 10, 2_000_000], docker });
      const digest = await push(`round/${kind}:1`, image);
      expect(digest).toBe(digestOf(image.root.bytes));
      const sink = memorySink();
      const pulled = await pull(`round/${kind}:1`, 'amd64', sink);
      expect(pulled.documents.map((document) => document.digest)).toEqual([digest]);
      for (const layer of image.layers) expect(digestOf(sink.content.get(layer.digest)!)).toBe(layer.digest);
      const target = join(home, `dir-${kind}`);
      skopeo('copy', '--src-tls-verify=false', `docker://${registry.name}/round/${kind}:1`, `dir:${target}`);
      expect(digestOf(readFileSync(join(target, 'manifest.json')))).toBe(digest);
    },
  );

  test('what skopeo pushed is pulled', async () => {
    const image = makeImage({ layerBytes: [100_000, 200_000] });
    const layout = join(home, 'layout');
    mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
    for (const [digest, content] of image.blobs)
      writeFileSync(join(layout, 'blobs', digest.replace(':', '/')), content);
    writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    const size = image.root.bytes.byteLength;
    const manifests = [{ mediaType: image.root.mediaType, digest: digestOf(image.root.bytes), size }];
    writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    skopeo('copy', '--dest-tls-verify=false', `oci:${layout}`, `docker://${registry.name}/by/skopeo:2`);
    const sink = memorySink();
    const pulled = await pull('by/skopeo:2', 'amd64', sink);
    expect(pulled.manifest.layers).toHaveLength(2);
    expect(sink.content.size).toBe(3);
  });

  test('of an index, the manifest of the platform is pulled; for another one the error says what is there', async () => {
    const arm64 = makeImage({ layerBytes: [20], architecture: 'arm64' });
    await push('multi:1', makeIndex({ amd64: makeImage({ layerBytes: [10] }), arm64 }));
    const pulled = await pull('multi:1', 'arm64');
    expect(pulled.documents).toHaveLength(2);
    expect(pulled.config.platform.architecture).toBe('arm64');
    await expect(pull('multi:1', 's390x')).rejects.toMatchObject({
      code: 'ERR_IMAGE_PLATFORM',
      hint: expect.stringContaining('linux/amd64, linux/arm64'),
    });
  });

  test('an image for another architecture only is refused', async () => {
    await push('riscv:1', makeImage({ layerBytes: [10], architecture: 'riscv64' }));
    await expect(pull('riscv:1')).rejects.toMatchObject({ code: 'ERR_IMAGE_PLATFORM' });
  });

  test('a second push sends nothing, a push to another repository mounts', async () => {
    const image = makeImage({ layerBytes: [50_000, 60_000] });
    await push('first/name:1', image);
    const statuses = async (name: string): Promise<readonly string[]> => {
      const seen = new Set<string>();
      const onEvent = (event: RegistryEvent): void => {
        if (event.kind === 'blob') seen.add(event.status);
      };
      const knownAs = () => [reference('first/name')];
      await pushImage({ access, reference: reference(name), root: image.root, source: image, knownAs, onEvent });
      return [...seen];
    };
    expect(await statuses('first/name:2')).toEqual(['exists']);
    expect(await statuses('second/name:1')).toEqual(['mounted']);
  });

  test('chunks arrive as one blob', async () => {
    const image = makeImage({ layerBytes: [1_000_000] });
    await push('chunked:1', image, { chunkBytes: 150_000 });
    const sink = memorySink();
    await pull('chunked:1', 'amd64', sink);
    expect(sink.content.has(image.layers[0]!.digest)).toBe(true);
  });

  test('tags, catalog and search page through everything', async () => {
    const image = makeImage({ layerBytes: [10] });
    for (const tag of ['a', 'b', 'c']) await push(`tagged/repo:${tag}`, image);
    const tags: string[] = [];
    for await (const tag of access.client(registry.name, 'tagged/repo').listTags('tagged/repo')) tags.push(tag);
    expect(tags.sort()).toEqual(['a', 'b', 'c']);
    const found = await searchRegistry({ access, registry: registry.name, term: 'tagged', limit: 10, withTags: true });
    expect(found).toMatchObject([{ name: `${registry.name}/tagged/repo`, tags: ['a', 'b', 'c'] }]);
  });

  test('a tag and a repository that are not there are named', async () => {
    await expect(pull('no/such:7')).rejects.toMatchObject({
      code: 'ERR_REGISTRY_NOT_FOUND',
      message: expect.stringMatching(/127\.0\.0\.1:\d+\/no\/such: fetching the manifest of 7/),
    });
  });

  test('an aborted pull ends with its reason', async () => {
    await push('abort:1', makeImage({ layerBytes: [5_000_000] }));
    const controller = new AbortController();
    const reason = new Error('enough');
    const onEvent = (event: RegistryEvent): void => {
      if (event.kind === 'blob' && event.status === 'transferring') controller.abort(reason);
    };
    const platform = { os: 'linux', architecture: 'amd64' };
    const request = { access, reference: reference('abort:1'), platform, sink: memorySink(), onEvent };
    await expect(pullImage({ ...request, signal: controller.signal })).rejects.toBe(reason);
  });
});
