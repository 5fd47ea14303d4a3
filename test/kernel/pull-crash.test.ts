// SPDX-License-Identifier: Apache-2.0
// Crash-only: pull is killed at a random moment, some hundreds of times. What is visible is whole every time, and the
// next pull goes on with what is there. The seed is printed; SAMPAN_TEST_SEED repeats a run's choices (the kernel's
// timing it cannot repeat).

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRegistry } from '../registry/support/counterparts.js';
import { startFaultProxy } from '../registry/support/fault-proxy.js';
import { sha256 } from '../support/archives.js';
import { makeRandom } from '../support/random.js';
import { publish } from '../support/registry-images.js';
import { requires } from '../support/requires.js';
import { findLeaks } from '../support/sandbox.js';
import { ok, sandbox, startTool, uniqueName } from '../support/tool.js';

const pulling = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'busybox', 'docker-registry');

const rounds = 200;
/** so many are killed before one may come to its end */
const killsInARow = 10;
const seed = Number(process.env['SAMPAN_TEST_SEED'] ?? Date.now() % 1_000_000);

const random = makeRandom(seed);

const within = (...path: readonly string[]): readonly string[] => {
  try {
    return readdirSync(join(sandbox().dataRoot, ...path));
  } catch {
    // not made yet
    return [];
  }
};

interface Descriptor {
  readonly digest: `sha256:${string}`;
}

/** What the store shows that is not so: blobs by their digests, index.json by what it leads to, layers by their records. */
const untruths = (): readonly string[] => {
  const blobs = new Map(
    within('images/blobs/sha256').map((hex) => {
      const content = readFileSync(join(sandbox().dataRoot, 'images/blobs/sha256', hex));
      return [`sha256:${hex}`, content] as const;
    }),
  );
  const json = (digest: Descriptor['digest']) =>
    JSON.parse(blobs.get(digest)?.toString() ?? '{}') as { config?: Descriptor; layers?: readonly Descriptor[] };
  const index = within('images').includes('index.json')
    ? (JSON.parse(readFileSync(join(sandbox().dataRoot, 'images/index.json'), 'utf8')) as {
        readonly manifests: readonly Descriptor[];
      })
    : { manifests: [] };
  const reached = index.manifests.flatMap(({ digest }) => {
    const { config, layers = [] } = json(digest);
    return [digest, ...(config === undefined ? [] : [config.digest]), ...layers.map((layer) => layer.digest)];
  });
  return [
    ...[...blobs].filter(([digest, content]) => sha256(content) !== digest).map(([digest]) => `${digest} is torn`),
    ...reached.filter((digest) => !blobs.has(digest)).map((digest) => `${digest} is missing`),
    ...within('layers')
      .filter((name) => !within('layers', name).includes('layer.json'))
      .map((name) => `layer ${name} is unfinished`),
  ];
};

pulling.test(
  `a pull killed at any moment leaves a sound store, and the next one goes on (seed ${String(seed)})`,
  async () => {
    await using registry = await startRegistry();
    await using proxy = await startFaultProxy(registry.port);
    const repository = uniqueName('crash');
    await publish({ name: `${registry.name}/${repository}:1`, layerBytes: [300_000, 500_000, 50_000] });
    const name = `${proxy.name}/${repository}:1`;
    const slowly = ({ url }: { readonly url: string }) =>
      url.includes('/blobs/') ? { drip: { bytes: 16_384, everyMs: 10 } } : undefined;
    proxy.decide = slowly;
    const begin = performance.now();
    await ok(['pull', '-q', name]);
    const wholeMs = performance.now() - begin;
    await ok(['rmi', name]);
    let resumed = 0;
    for (let round = 1; round <= rounds; round++) {
      proxy.decide = slowly;
      const started = startTool(['pull', '-q', name]);
      await sleep(random() * wholeMs);
      started.kill('SIGKILL');
      await started;
      expect(untruths()).toEqual([]);
      resumed += proxy.seen.filter(({ headers }) => headers['range'] !== undefined).length;
      proxy.seen.length = 0;
      if (round % killsInARow !== 0) continue;
      proxy.decide = () => undefined;
      expect(await ok(['run', '--rm', '-q', '--network', 'none', name, 'ls', '/'])).toContain('layer2');
      expect(untruths()).toEqual([]);
      // one that was killed with everything in place left names that only a pull takes away
      await ok(['pull', '-q', name]);
      expect(within('downloads')).toEqual([]);
      expect(await findLeaks(sandbox())).toEqual([]);
      await ok(['rmi', name]);
      expect(within('images/blobs/sha256')).toEqual([]);
    }
    expect(resumed).toBeGreaterThan(rounds / 20);
  },
  1_800_000,
);
