// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseReference } from '../../../lib/image/reference.js';
import { parseRegistriesConf } from '../../../lib/registry/registries-conf.js';
import { makeRegistries, openRegistries, type OwnSettings, type Registries } from '../../../lib/registry/registries.js';

const open = async (toml: string, own: Partial<OwnSettings> = {}): Promise<Registries> =>
  makeRegistries(await parseRegistriesConf(toml, 'registries.conf'), {
    registryMirrors: [],
    insecureRegistries: [],
    ...own,
  });

const where = (registries: Registries, name: string): readonly string[] =>
  registries
    .locationsOf(parseReference(name))
    .map(({ registry, path, mirror }) => `${mirror ? 'mirror ' : ''}${registry}/${path}`);

describe('registries.conf', () => {
  const conf = `
unqualified-search-registries = ["docker.io", "quay.example"]
[aliases]
"debian" = "docker.io/library/debian"
"tool" = "registry.example/team/tool"
[[registry]]
prefix = "registry.example"
location = "internal.example:5000/all"
[[registry.mirror]]
location = "mirror.example/cache"
insecure = true
[[registry.mirror]]
location = "digests.example"
pull-from-mirror = "digest-only"
[[registry]]
prefix = "registry.example/team"
location = "team.example"
[[registry]]
prefix = "*.bad.example"
blocked = true
[[registry]]
location = "plain.example:5000"
insecure = true
`;
  const digest = `sha256:${'a'.repeat(64)}`;

  test.each([
    ['debian', ['docker.io/library/debian']],
    ['registry.example/x:1', ['mirror mirror.example/cache/x', 'internal.example:5000/all/x']],
    [
      `registry.example/x@${digest}`,
      ['mirror mirror.example/cache/x', 'mirror digests.example/x', 'internal.example:5000/all/x'],
    ],
    ['registry.example/team/x', ['team.example/x']],
    ['registry.example/teams/x', ['mirror mirror.example/cache/teams/x', 'internal.example:5000/all/teams/x']],
    ['registry.example.org/x', ['registry.example.org/x']],
  ])('%s is at %j', async (name, expected) => {
    expect(where(await open(conf), name)).toEqual(expected);
  });

  test('blocked, insecure, short names', async () => {
    const registries = await open(conf);
    expect(() => registries.primaryOf(parseReference('a.bad.example/x'))).toThrow(
      expect.objectContaining({ code: 'ERR_REGISTRY_BLOCKED' }),
    );
    expect(['plain.example:5000', 'mirror.example', 'team.example'].map((name) => registries.isInsecure(name))).toEqual(
      [true, true, false],
    );
    expect(registries.expandShortName('tool:3')).toEqual(['registry.example/team/tool:3']);
    expect(registries.expandShortName('other')).toEqual(['docker.io/other', 'quay.example/other']);
    expect(registries.expandShortName('localhost/x')).toEqual(['localhost/x']);
    expect((await open('')).expandShortName('other')).toEqual(['other']);
  });

  test.each([
    ['= nonsense', 'is not TOML'],
    ['[registries.search]\nregistries = []', 'version 1'],
    ['[[registry]]\nblocked = true', 'a prefix or a location'],
    ['[[registry]]\nprefix = "a"\ninsecure = "yes"', 'insecure is neither'],
    ['registry = 3', 'registry is not a list'],
    ['[[registry]]\nprefix="a"\n[[registry.mirror]]\nlocation="b"\npull-from-mirror="x"', 'pull-from-mirror'],
  ])('%j is an error', async (toml, problem) => {
    await expect(parseRegistriesConf(toml, 'registries.conf')).rejects.toThrow(problem);
  });

  test('our own mirrors are for Docker Hub; insecure ones by name and by network', async () => {
    const own = {
      registryMirrors: ['https://hub.example', 'http://plain-hub.example:5000'],
      insecureRegistries: ['r.example', '203.0.113.0/24'],
    };
    const registries = await open('', own);
    expect(where(registries, 'debian')).toEqual([
      'mirror hub.example/library/debian',
      'mirror plain-hub.example:5000/library/debian',
      'docker.io/library/debian',
    ]);
    expect(where(registries, 'other.example/x')).toEqual(['other.example/x']);
    expect(
      ['r.example', '203.0.113.7:5000', 'plain-hub.example:5000', 'hub.example'].map((name) =>
        registries.isInsecure(name),
      ),
    ).toEqual([true, true, true, false]);
  });

  test("files: the user's own main file, drop-ins by name, our config", async () => {
    const home = mkdtempSync(join(tmpdir(), 'sampan-conf-'));
    try {
      const containers = join(home, '.config/containers');
      mkdirSync(join(containers, 'registries.conf.d'), { recursive: true });
      mkdirSync(join(home, '.config/sampan'));
      writeFileSync(join(containers, 'registries.conf'), '[aliases]\na = "one.example/a"\nb = "one.example/b"\n');
      writeFileSync(join(containers, 'registries.conf.d/10-x.conf'), '[aliases]\nb = "two.example/b"\n');
      writeFileSync(
        join(home, '.config/sampan/config.json'),
        '{"insecure-registries":["r.example"],"registry-mirrors":[]}',
      );
      const registries = await openRegistries({ env: {}, home, uid: 1000 });
      expect(registries.expandShortName('a')).toEqual(['one.example/a']);
      expect(registries.expandShortName('b')).toEqual(['two.example/b']);
      expect(registries.isInsecure('r.example')).toBe(true);
      writeFileSync(join(home, '.config/sampan/config.json'), '{"insecure-registries":"r.example"}');
      await expect(openRegistries({ env: {}, home, uid: 1000 })).rejects.toThrow(
        'insecure-registries: it is not a list',
      );
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
