// SPDX-License-Identifier: Apache-2.0
// image copy and manifest inspect as people type them: from every kind of place to every other, compared with skopeo.

import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../lib/image/digest.js';
import { parseReference } from '../../lib/image/reference.js';
import { pushImage } from '../../lib/registry/push.js';
import { command, type CommandResult } from './support/command.js';
import {
  describeWithRegistry,
  skopeo,
  startRegistry,
  temporaryDirectory,
  type RunningRegistry,
} from './support/counterparts.js';
import { makeImage, makeIndex, openTestAccess } from './support/image.js';

describeWithRegistry('sampan image copy', () => {
  const home = temporaryDirectory();
  let registry: RunningRegistry;
  const amd64 = makeImage({ layerBytes: [70_000, 90_000] });
  const arm64 = makeImage({ layerBytes: [80_000], architecture: 'arm64' });
  const index = makeIndex({ amd64, arm64 });
  const [amdDigest, indexDigest] = [digestOf(amd64.root.bytes), digestOf(index.root.bytes)];
  const at = (name: string): string => join(home, name);
  const sampan = (...args: readonly string[]): Promise<CommandResult> => command(home, args);
  const copy = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await sampan('image', 'copy', ...args);
    if (exitCode !== 0) throw new Error(stderr);
    return stdout;
  };
  const remote = (name: string): string => `docker://${registry.name}/${name}`;
  const digestAt = (place: string): string =>
    digestOf(Buffer.from(skopeo('inspect', '--raw', '--tls-verify=false', place)));

  beforeAll(async () => {
    // an engine started by root unpacks as a sub-id, who must pass through
    chmodSync(home, 0o711);
    registry = await startRegistry();
    await using access = await openTestAccess({ home });
    for (const [name, image] of [
      ['multi:1', index],
      ['single:1', amd64],
    ] as const)
      await pushImage({
        access,
        reference: parseReference(`${registry.name}/${name}`),
        root: image.root,
        source: image,
      });
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });

  test('between registries: this machine only, another platform, or all', async () => {
    await using other = await startRegistry();
    const there = (tag: string): string => `${other.name}/there:${tag}`;
    expect(await copy('--platform', 'linux/amd64', remote('multi:1'), there('amd'))).toBe(amdDigest);
    expect(await copy('--platform', 'arm64', remote('multi:1'), there('arm'))).toBe(digestOf(arm64.root.bytes));
    expect(await copy('--all', remote('multi:1'), there('all'))).toBe(indexDigest);
    expect(digestAt(`docker://${there('all')}`)).toBe(indexDigest);
    skopeo('copy', '--all', '--src-tls-verify=false', `docker://${there('all')}`, `dir:${at('all')}`);
  });

  test('within a registry, layers are mounted', async () => {
    const { stderr, stdout } = await sampan('image', 'mirror', '--all', remote('multi:1'), remote('mirror/of:it'));
    expect(stdout).toBe(indexDigest);
    expect(stderr).toMatch(/: Mounted from multi$/m);
  });

  test('there and back through every kind of file keeps the digest', async () => {
    const places = [
      `oci:${at('layout')}:one`,
      `oci-archive:${at('oci.tar')}:r.example/it:1`,
      `oci:${at('layout')}:two`,
    ];
    let from = remote('multi:1');
    for (const to of [...places, remote('back:1')]) {
      expect(await copy('--all', from, to)).toBe(indexDigest);
      expect(digestAt(to)).toBe(indexDigest);
      from = to;
    }
    expect(readdirSync(at('layout/blobs'))).toEqual(['sha256']);
  });

  test('skopeo reads what we write, and we what it writes', async () => {
    await copy(remote('single:1'), `docker-archive:${at('docker.tar')}:my/app:7`);
    expect(JSON.parse(skopeo('inspect', '--config', `docker-archive:${at('docker.tar')}:my/app:7`))).toMatchObject({
      os: 'linux',
    });
    skopeo('copy', '--src-tls-verify=false', remote('single:1'), `docker-archive:${at('theirs.tar')}:x/y:1`);
    skopeo('copy', '--src-tls-verify=false', '--all', remote('multi:1'), `oci:${at('theirs')}:it`);
    skopeo('copy', '--src-tls-verify=false', '--all', remote('multi:1'), `oci-archive:${at('theirs-oci.tar')}`);
    expect(await copy('-a', `oci:${at('theirs')}:it`, remote('from/layout:1'))).toBe(indexDigest);
    expect(await copy('-a', `oci-archive:${at('theirs-oci.tar')}`, remote('from/archive:1'))).toBe(indexDigest);
    const plain = await copy(`docker-archive:${at('theirs.tar')}:x/y:1`, remote('from/docker:1'));
    expect(digestAt(remote('from/docker:1'))).toBe(plain);
    skopeo('copy', '--src-tls-verify=false', remote('from/docker:1'), `dir:${at('checked')}`);
  });

  describe('what goes wrong', () => {
    const failing = async (...args: readonly string[]): Promise<string> => {
      const { exitCode, stderr } = await sampan('image', 'copy', ...args);
      expect([1, 125]).toContain(exitCode);
      return stderr;
    };
    beforeAll(async () => {
      await copy('--all', remote('multi:1'), `oci:${at('whole')}:a`);
      await copy(remote('single:1'), `oci:${at('whole')}:b`);
    });

    test('a name that is not there, several without one, a platform that nobody made', async () => {
      expect(await failing(`oci:${at('whole')}:c`, remote('x:1'))).toMatch(/c in oci:.*\nhint: it has a, b/);
      expect(await failing(`oci:${at('whole')}`, remote('x:1'))).toContain('several images');
      expect(await failing('--platform', 'linux/s390x', remote('multi:1'), remote('x:1'))).toMatch(
        /multi:1 is not there for linux\/s390x\nhint: it is there for linux\/amd64, linux\/arm64/,
      );
      expect(await failing(remote('multi:2'), remote('x:1'))).toMatch(/multi: fetching the manifest of 2/);
    });

    test('a file that is missing, a directory, no archive, an empty layout', async () => {
      expect(await failing(`oci-archive:${at('none.tar')}`, remote('x:1'))).toContain('none.tar: open: no such file');
      expect(await failing(`docker-archive:${home}`, remote('x:1'))).toContain('is a directory');
      writeFileSync(at('text.tar'), 'x'.repeat(2000));
      expect(await failing(`docker-archive:${at('text.tar')}`, remote('x:1'))).toContain('archive: ');
      expect(await failing(`oci:${home}`, remote('x:1'))).toContain('no image layout');
      expect(await failing(remote('single:1'), 'oci:/proc/x')).toContain('oci:/proc/x');
    });

    test('a blob of a layout that is not what its name says leaves nothing', async () => {
      await copy(remote('single:1'), `oci:${at('torn')}`);
      const [layer] = amd64.layers;
      const blob = join(at('torn/blobs/sha256'), layer?.digest.slice('sha256:'.length) ?? '');
      const content = readFileSync(blob);
      content[100] = (content[100] ?? 0) ^ 0xff;
      writeFileSync(blob, content);
      for (const to of [`oci:${at('from-torn')}`, `oci-archive:${at('from-torn.tar')}`])
        expect(await failing(`oci:${at('torn')}`, to)).toContain('digest mismatch');
      expect(await failing(`oci:${at('torn')}`, remote('from/torn:1'))).toContain(layer?.digest);
      expect(readdirSync(at('from-torn'))).toEqual(['blobs']);
      expect(() => statSync(at('from-torn.tar'))).toThrow('ENOENT');
      appendFileSync(blob, 'more');
      expect(await failing(`oci:${at('torn')}`, remote('x:1'))).toContain('its descriptor says');
      rmSync(blob);
      symlinkSync('/etc/passwd', blob);
      expect(await failing(`oci:${at('torn')}`, remote('x:1'))).toContain('is missing');
    });

    test('the store of sampan is no destination', async () => {
      mkdirSync(at('data/sampan/images'), { recursive: true });
      expect(await failing(remote('single:1'), `oci:${at('data/sampan/images')}`)).toContain(
        'the store of sampan itself',
      );
    });

    test('words that mean nothing', async () => {
      expect(await failing('--all', remote('multi:1'), `docker-archive:${at('all.tar')}`)).toContain('knows none');
      expect(await failing('--all', '--platform', 'arm64', remote('multi:1'), remote('x:1'))).toContain(
        'mutually exclusive',
      );
      expect(await failing('containers-storage:x', remote('x:1'))).toContain('not supported: containers-storage:');
      expect(await failing('oci:', remote('x:1'))).toContain('has no path');
      expect((await sampan('image', 'copy', remote('multi:1'))).stderr).toContain('requires 2 arguments');
    });
  });

  test('images --tree shows every platform of an index, also those that nobody has pulled', async () => {
    expect(await sampan('pull', '-q', '--platform', 'linux/amd64', `${registry.name}/multi:1`)).toMatchObject({
      stderr: '',
    });
    const { stdout } = await sampan('images', '--tree', `${registry.name}/multi`);
    expect(stdout).toMatch(
      /multi:1 +[0-9a-f]{12} +\d.*\n├─ linux\/amd64 +[0-9a-f]{12} +\d.*\n└─ linux\/arm64 +[0-9a-f]{12} +0B +0B/,
    );
  });

  test('manifest inspect shows an index, and each manifest of it with -v', async () => {
    const name = `${registry.name}/multi:1`;
    const plain = await sampan('manifest', 'inspect', name);
    expect(JSON.parse(plain.stdout)).toEqual(JSON.parse(Buffer.from(index.root.bytes).toString()));
    const entries = JSON.parse((await sampan('manifest', 'inspect', '-v', name)).stdout) as Record<string, unknown>[];
    expect(entries.map(({ Descriptor }) => Descriptor)).toMatchObject([
      { digest: amdDigest, platform: { architecture: 'amd64', os: 'linux' } },
      { digest: digestOf(arm64.root.bytes), platform: { architecture: 'arm64', os: 'linux' } },
    ]);
    expect(entries[0]).toMatchObject({
      Ref: `${registry.name}/multi@${amdDigest}`,
      Raw: Buffer.from(amd64.root.bytes).toString('base64'),
      OCIManifest: { schemaVersion: 2 },
    });
    const single = JSON.parse(
      (await sampan('manifest', 'inspect', '-v', `${registry.name}/single:1`)).stdout,
    ) as object;
    expect(single).toMatchObject({ Descriptor: { digest: amdDigest, platform: { architecture: 'amd64' } } });
    expect((await sampan('manifest', 'inspect', `${registry.name}/multi:none`)).stderr).toContain(
      'not in the registry',
    );
  });

  test('search lists what a registry has', async () => {
    const { stdout } = await sampan('search', '--format', '{{.Name}} {{.Tags}}', `${registry.name}/single`);
    expect(stdout).toBe(`${registry.name}/single 1`);
    expect(
      (await sampan('search', '--limit', '1', '--format', '{{.Name}}', `${registry.name}/`)).stdout.split('\n'),
    ).toHaveLength(1);
    expect((await sampan('search', '--filter', 'stars=1', '--format', '{{.Name}}', `${registry.name}/`)).stdout).toBe(
      '',
    );
    expect((await sampan('search', '--filter', 'colour=red', 'x')).stderr).toContain('filter colour');
  });
});
