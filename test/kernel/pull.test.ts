// SPDX-License-Identifier: Apache-2.0
// pull, and what run and create pull by themselves, against a real registry.

import { freePort } from '../support/free-port.js';
import { pullingWords, usePulling } from '../support/pulling.js';
import { publish } from '../support/registry-images.js';
import { requires } from '../support/requires.js';
import { changesNothing } from '../support/store-state.js';
import { ok, tool, uniqueName } from '../support/tool.js';

const pulling = requires(...pullingWords);

const pulls = usePulling();

describe('pull', () => {
  pulling.test('says what docker says, and the image runs', async () => {
    const name = pulls.nameAt(pulls.registry);
    const { digest, layers } = await publish({ name, layerBytes: [1000, 2000] });
    const first = await tool(['pull', name]);
    const [, repository = ''] = /\/(.*):/.exec(name) ?? [];
    expect(first).toMatchObject({
      exitCode: 0,
      stdout: `1: Pulling from ${repository}\nDigest: ${digest}\nStatus: Downloaded newer image for ${name}\n${name}\n`,
    });
    expect(first.stderr.split('\n').filter(Boolean).sort()).toEqual(
      layers.map((layer) => `${layer.digest.slice(7, 19)}: Pull complete`).sort(),
    );
    expect(await ok(['run', '--rm', name, 'cat', '/etc/os-release'])).toBe('ID=test');
    const again = await tool(['pull', name]);
    expect(again.stdout).toContain(`Status: Image is up to date for ${name}\n`);
    expect(pulls.partials()).toEqual([]);
  });

  pulling.test('takes latest when no tag is given, and says so', async () => {
    const name = pulls.nameAt(pulls.registry, undefined, 'latest');
    await publish({ name });
    expect(await ok(['pull', name.replace(/:latest$/, '')])).toMatch(
      new RegExp(`^Using default tag: latest\n[^]*\n${name}$`),
    );
  });

  pulling.test('prints the full name alone with --quiet', async () => {
    const name = pulls.nameAt(pulls.registry);
    await publish({ name });
    expect(await tool(['image', 'pull', '-q', name])).toMatchObject({ exitCode: 0, stdout: `${name}\n`, stderr: '' });
  });

  pulling.test('by digest is shown with its digest and without a tag', async () => {
    const name = pulls.nameAt(pulls.registry);
    const { digest } = await publish({ name, layerBytes: [5] });
    const repository = name.replace(/:1$/, '');
    const reference = `${repository}@${digest}`;
    expect(await ok(['pull', '-q', reference])).toBe(reference);
    expect(JSON.parse(await ok(['image', 'inspect', reference]))).toMatchObject([
      { RepoTags: [], RepoDigests: [reference] },
    ]);
    expect(await ok(['images', '--digests', '--format', '{{.Repository}} {{.Tag}} {{.Digest}}', repository])).toBe(
      `${repository} <none> ${digest}`,
    );
    expect(await ok(['run', '--rm', reference, 'echo', 'hello'])).toBe('hello');
  });

  pulling.test('of all tags brings each', async () => {
    const repository = uniqueName('r');
    for (const tag of ['1', '2', 'last']) await publish({ name: pulls.nameAt(pulls.registry, repository, tag) });
    const printed = await ok(['pull', '-a', `${pulls.registry.name}/${repository}`]);
    expect(printed.match(/^Digest: /gm)).toHaveLength(3);
    expect(printed).toMatch(
      new RegExp(
        `\nStatus: Downloaded newer image for ${pulls.registry.name}/${repository}\n${pulls.registry.name}/${repository}$`,
      ),
    );
    const tags = await ok(['images', '--format', '{{.Tag}}', `${pulls.registry.name}/${repository}`]);
    expect(tags.split('\n').sort()).toEqual(['1', '2', 'last']);
    expect(await tool(['pull', '-a', pulls.nameAt(pulls.registry, repository)])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("tag can't be used with --all-tags/-a"),
    });
  });
});

describe('run and create', () => {
  pulling.test('pull what is missing, on stderr', async () => {
    const name = pulls.nameAt(pulls.registry);
    await publish({ name });
    const ran = await tool(['run', '--rm', '--network', 'none', name, 'echo', 'hello']);
    expect(ran).toMatchObject({ exitCode: 0, stdout: 'hello\n' });
    expect(ran.stderr).toContain(`Unable to find image '${name}' locally\n`);
    expect(ran.stderr).toContain(`Status: Downloaded newer image for ${name}\n`);
    expect((await tool(['run', '--rm', '--network', 'none', name, 'true'])).stderr).toBe('');
  });

  pulling.test('--pull never finds nothing, --pull always takes the new one, --quiet says nothing', async () => {
    const name = pulls.nameAt(pulls.registry);
    await publish({ name });
    expect(await tool(['create', '--pull', 'never', name])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`no such image: ${name}`),
    });
    const quiet = await tool(['run', '--rm', '-q', '--network', 'none', name, 'true']);
    expect(quiet).toMatchObject({ exitCode: 0, stderr: '' });
    const { digest } = await publish({ name, layerBytes: [10] });
    expect(await ok(['run', '--rm', name, 'ls', '/'])).not.toContain('layer0');
    expect(await ok(['run', '--rm', '--pull', 'always', name, 'ls', '/'])).toContain('layer0');
    expect(await ok(['images', '--digests', '--format', '{{.Digest}}', name])).toBe(digest);
  });

  pulling.test('an image that no registry has fails with 125 and says where it was looked for', async () => {
    const name = pulls.nameAt(pulls.registry);
    expect(await tool(['run', '--rm', name, 'true'])).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(new RegExp(`not in the registry: ${name.replace(/:1$/, '')}: .*status 404`)),
    });
  });
});

describe('what goes wrong', () => {
  const failing: readonly (readonly [
    string,
    (name: string) => readonly string[] | Promise<readonly string[]>,
    RegExp,
  ])[] = [
    [
      'an unknown tag',
      (name) => ['pull', name],
      /not in the registry: 127\.0\.0\.1:\d+\/\S+: fetching the manifest of 1.*'sampan search 127/s,
    ],
    [
      'an unknown host',
      () => ['pull', 'registry.invalid/app'],
      /registry not reachable: registry\.invalid\/app: .*no such host.*\nhint: check the spelling/,
    ],
    [
      'a port where nobody listens',
      async () => ['pull', `127.0.0.1:${String(await freePort())}/app`],
      /registry not reachable: .*connection refused.*\nhint: check that a registry listens/,
    ],
    [
      'another architecture only',
      async (name) => {
        await publish({ name, architecture: 'riscv64' });
        return ['pull', name];
      },
      /no image for this platform: .*it is there for linux\/riscv64/s,
    ],
    ['a name that is none', () => ['pull', 'Not/A/Name'], /invalid reference format/],
    ['the built-in image', () => ['pull', 'host'], /the image name host belongs to the built-in image/],
  ];
  for (const [what, prepare, message] of failing)
    pulling.test(`${what} is said, and nothing changes`, async () => {
      const args = await prepare(pulls.nameAt(pulls.registry));
      const result = await changesNothing(() => tool(args));
      expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(message) });
      expect(result.stderr).not.toMatch(/\n\s+at /);
    });

  const hostile: readonly (readonly [string, (fields: Record<string, unknown>) => Record<string, unknown>, RegExp])[] =
    [
      ['a negative size', (fields) => withLayer(fields, { size: -1 }), /size -1 where a count is expected/],
      [
        'a size of nine petabytes',
        (fields) => withLayer(fields, { size: 2 ** 53 - 1 }),
        /a layer of 9007199254740991 bytes/,
      ],
      [
        'another digest algorithm',
        (fields) => withLayer(fields, { digest: `md5:${'0'.repeat(32)}` }),
        /not a sha256 digest/,
      ],
      [
        '10,000 layers',
        (fields) => ({ ...fields, layers: Array.from({ length: 10_000 }, () => layersOf(fields)[0]) }),
        /more than 500 layers/,
      ],
      [
        'a media type that lies',
        (fields) => ({ ...fields, mediaType: 'application/vnd.oci.image.index.v1+json' }),
        /calls itself/,
      ],
      [
        'a layer that is no layer',
        (fields) => withLayer(fields, { mediaType: 'text/html' }),
        /a layer of type text\/html/,
      ],
    ];
  const layersOf = (fields: Record<string, unknown>): readonly Record<string, unknown>[] =>
    fields['layers'] as readonly Record<string, unknown>[];
  const withLayer = (fields: Record<string, unknown>, change: Record<string, unknown>): Record<string, unknown> => ({
    ...fields,
    layers: layersOf(fields).map((layer) => ({ ...layer, ...change })),
  });
  for (const [what, spoil, message] of hostile)
    pulling.test(`a manifest with ${what} is refused before anything is downloaded`, async () => {
      const name = pulls.nameAt(pulls.registry);
      const { manifest } = await publish({ name });
      const body = JSON.stringify(spoil(JSON.parse(manifest.toString()) as Record<string, unknown>));
      const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
      pulls.proxy.decide = ({ url }) => (url.includes('/manifests/') ? { status: 200, body, headers } : undefined);
      const result = await changesNothing(() => tool(['pull', pulls.viaProxy(name)]));
      expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(message) });
      expect(pulls.blobRequests()).toEqual([]);
    });

  pulling.test('content that is not what its digest says is dropped, and the next pull is whole', async () => {
    const name = pulls.nameAt(pulls.registry);
    const { layers } = await publish({ name, layerBytes: [300_000] });
    const last = layers.at(-1)?.digest ?? '';
    pulls.proxy.decide = ({ url }) => (url.includes(last) ? { corrupt: true } : undefined);
    const result = await changesNothing(() => tool(['pull', pulls.viaProxy(name)]));
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(new RegExp(`digest mismatch: .*downloading ${last}`)),
    });
    expect(pulls.partials()).not.toContain(last.slice(7));
    pulls.proxy.decide = () => undefined;
    expect(await ok(['run', '--rm', pulls.viaProxy(name), 'ls', '/'])).toContain('layer0');
  });

  pulling.test('a layer that is not what the config says is refused', async () => {
    const [name, other] = [pulls.nameAt(pulls.registry), pulls.nameAt(pulls.registry)];
    await publish({ name: other, layerBytes: [10] });
    const foreign = await publish({ name, layerBytes: [20] });
    const manifest = JSON.parse(foreign.manifest.toString()) as { layers: unknown[] };
    const body = JSON.stringify({ ...manifest, layers: [manifest.layers[1], manifest.layers[0]] });
    const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
    pulls.proxy.decide = ({ url }) => (url.includes('/manifests/') ? { status: 200, body, headers } : undefined);
    const result = await changesNothing(() => tool(['pull', pulls.viaProxy(name)]));
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/unpacks to .*the image's config says/),
    });
    expect(pulls.partials()).toEqual([]);
  });
});
