// SPDX-License-Identifier: Apache-2.0
// push, and that others read what it sent and we what they send.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRegistry, type RunningRegistry } from '../registry/support/counterparts.js';
import { startFaultProxy } from '../registry/support/fault-proxy.js';
import { dockerArchive } from '../support/archives.js';
import { freePort } from '../support/free-port.js';
import { poll } from '../support/poll.js';
import { publish } from '../support/registry-images.js';
import { requires } from '../support/requires.js';
import { rootfsTar } from '../support/rootfs.js';
import { skopeoCopy, skopeoInspect } from '../support/skopeo.js';
import { SmallDisk } from '../support/small-disk.js';
import { changesNothing } from '../support/store-state.js';
import { file, makeTar } from '../support/tar.js';
import { loadImage, ok, sandbox, startTool, tool, toResult, uniqueName } from '../support/tool.js';

const words = ['userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'busybox', 'docker-registry'] as const;
const pushing = requires(...words);
const withSkopeo = requires(...words, 'skopeo');
const small = requires(...words, 'unshare');

let registry: RunningRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

const layerOf = (name: string): Buffer => makeTar([file(name, name)]);
const freshName = (tag = '1'): string => `${registry.name}/${uniqueName('p')}:${tag}`;
const loadAs = (name: string, ...layers: readonly string[]): Promise<string> =>
  loadImage({ name, layers: [rootfsTar(), ...layers.map(layerOf)] });
const idsIn = (text: string, said: string): number =>
  text.split('\n').filter((line) => line.endsWith(`: ${said}`)).length;

describe('push', () => {
  pushing.test('says what docker says; what is pulled again is the same image', async () => {
    const name = await loadAs(freshName(), 'a', 'b');
    const before = await ok(['images', '--digests', '--no-trunc', '--format', '{{.ID}} {{.Digest}}', name]);
    const [, digest = ''] = before.split(' ');
    const pushed = await tool(['push', name]);
    expect(pushed).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(
        new RegExp(
          `^The push refers to repository \\[${name.replace(/:1$/, '')}\\]\n1: digest: ${digest} size: \\d+\n$`,
        ),
      ),
    });
    expect(idsIn(pushed.stderr, 'Pushed')).toBe(3);
    await ok(['rmi', name]);
    await ok(['pull', '-q', name]);
    expect(await ok(['images', '--digests', '--no-trunc', '--format', '{{.ID}} {{.Digest}}', name])).toBe(before);
    expect(await ok(['run', '--rm', name, 'cat', '/b'])).toBe('b');
  });

  pushing.test('skips the layers that are there, and mounts those of another repository', async () => {
    const name = await loadAs(freshName(), 'c');
    await ok(['push', '-q', name]);
    const again = await tool(['push', name]);
    expect(idsIn(again.stderr, 'Layer already exists')).toBe(2);
    const other = freshName();
    await ok(['tag', name, other]);
    const mounted = await tool(['push', other]);
    expect(mounted.stderr.match(/^[0-9a-f]{12}: Mounted from \S+$/gm)).toHaveLength(2);
    expect(await ok(['run', '--rm', '--pull', 'always', '-q', other, 'cat', '/c'])).toBe('c');
  });

  pushing.test('of all tags pushes each; --quiet prints the name alone', async () => {
    const repository = `${registry.name}/${uniqueName('p')}`;
    await loadAs(`${repository}:one`, 'd');
    await ok(['tag', `${repository}:one`, `${repository}:two`]);
    const pushed = await ok(['push', '-a', repository]);
    expect(pushed).toMatch(/^one: digest: /m);
    expect(pushed).toMatch(/^two: digest: /m);
    expect(await tool(['image', 'push', '-q', `${repository}:one`])).toMatchObject({
      exitCode: 0,
      stdout: `${repository}:one\n`,
      stderr: '',
    });
  });

  pushing.test('of an image of which only one platform is here sends that one', async () => {
    const names = ['amd64', 'riscv64'].map((architecture) => [architecture, freshName()] as const);
    const manifests = await Promise.all(
      names.map(async ([architecture, name]) => ({ architecture, ...(await publish({ name, architecture })) })),
    );
    expect(manifests).toHaveLength(2);
    const [, name = ''] = names[1] ?? [];
    await ok(['pull', '-q', '--platform', 'linux/riscv64', name]);
    expect(await ok(['image', 'inspect', '-f', '{{.Architecture}}', name])).toBe('riscv64');
    const other = freshName();
    await ok(['tag', name, other]);
    expect(await ok(['push', '-q', other])).toBe(other);
  });

  for (const [what, args, message] of [
    ['a name that no image has', () => ['push', freshName()], /no such image: .*\nhint: .*sampan tag IMAGE/s],
    ['a digest', () => ['push', `${registry.name}/x@sha256:${'0'.repeat(64)}`], /a digest follows from the content/],
    ['the built-in image', () => ['push', 'host'], /belongs to the built-in image/],
  ] as const)
    pushing.test(`${what} is refused`, async () => {
      const result = await changesNothing(() => tool(args()));
      expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(message) });
    });

  pushing.test('to where nobody listens says so', async () => {
    const name = await loadAs(`127.0.0.1:${String(await freePort())}/app:1`, 'e');
    expect(await tool(['push', name])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/registry not reachable: .*connection refused/),
    });
  });

  pushing.test('ended by SIGINT exits 130, and leaves the store as it was', async () => {
    await using proxy = await startFaultProxy(registry.port);
    const name = await loadAs(`${proxy.name}/${uniqueName('p')}:1`, 'f');
    let isUploading = false;
    proxy.decide = ({ method }) => {
      isUploading ||= method === 'POST';
      return method === 'POST' ? { drip: { bytes: 1, everyMs: 5000 } } : undefined;
    };
    const result = await changesNothing(async () => {
      const started = startTool(['push', name]);
      await poll(() => isUploading, { what: 'an upload' });
      started.kill('SIGINT');
      return toResult(await started);
    });
    expect(result.exitCode).toBe(130);
  });
});

describe('with others', () => {
  withSkopeo.test('skopeo reads what we push, and the store in place', async () => {
    const name = await loadAs(freshName(), 'g');
    const digest = await ok(['images', '--digests', '--format', '{{.Digest}}', name]);
    await ok(['push', '-q', name]);
    const copy = join(sandbox().directory, uniqueName('copy'));
    execFileSync(
      'skopeo',
      ['--insecure-policy', 'copy', '-q', '--src-tls-verify=false', `docker://${name}`, `dir:${copy}`],
      {
        env: sandbox().env,
      },
    );
    expect(skopeoInspect(`dir:${copy}`).Digest).toBe(digest);
    await ok(['rmi', name]);
    await ok(['pull', '-q', name]);
    expect(skopeoInspect(`oci:${join(sandbox().dataRoot, 'images')}:${name}`).Digest).toBe(digest);
  });

  withSkopeo.test('we pull what skopeo pushes, docker types and gzip, zstd', async () => {
    const archive = join(sandbox().directory, 'source.tar');
    writeFileSync(archive, dockerArchive({ layers: [rootfsTar(), layerOf('h')], names: ['source:1'] }));
    for (const options of [
      ['-f', 'v2s2'],
      ['-f', 'oci', '--dest-compress-format', 'zstd'],
    ]) {
      const name = freshName();
      execFileSync(
        'skopeo',
        [
          '--insecure-policy',
          'copy',
          '-q',
          '--dest-tls-verify=false',
          ...options,
          `docker-archive:${archive}`,
          `docker://${name}`,
        ],
        { env: sandbox().env, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      expect(await ok(['run', '--rm', '-q', name, 'cat', '/h'])).toBe('h');
      expect(await ok(['push', '-q', name])).toBe(name);
    }
    skopeoCopy(`docker-archive:${archive}`, `oci:${join(sandbox().directory, uniqueName('layout'))}:x`);
  });
});

describe('on a full disk', () => {
  small.test('pull fails at every level, leaves nothing, and works when there is space', async () => {
    const name = freshName();
    await publish({ name, layerBytes: [1_000_000, 500_000] });
    using disk = await SmallDisk.make(32 * 1024);
    expect(disk.tool(['ps'])).toMatchObject({ exitCode: 0 });
    for (const level of [0, 4, 64, 512, 1024, 2048]) {
      const before = disk.state();
      disk.fill(level);
      expect(disk.tool(['pull', name])).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/no space left/i) });
      expect(disk.state()).toBe(before);
      expect([level, disk.sh('ls -A data/sampan/downloads 2>/dev/null').stdout]).toEqual([level, '']);
    }
    disk.free();
    expect(disk.tool(['pull', '-q', name])).toMatchObject({ exitCode: 0, stdout: `${name}\n` });
    expect(disk.tool(['run', '--rm', name, 'ls', '/'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('layer1'),
    });
  });
});

describe('a bomb', () => {
  small.test('a layer that unpacks to more than the disk has is refused and leaves nothing', async () => {
    const name = freshName();
    const { layers } = await publish({ name, zeroBytes: 100_000_000 });
    expect(layers.at(-1)?.size).toBeLessThan(1_000_000);
    using disk = await SmallDisk.make(32 * 1024);
    expect(disk.tool(['ps'])).toMatchObject({ exitCode: 0 });
    const before = disk.state();
    const { exitCode, stderr } = disk.tool(['pull', name]);
    expect(exitCode).toBe(1);
    // unpacked or as a download, and the bomb takes the room of the layers beside it too
    expect(stderr).toContain(`no space left on device: ${name}`);
    expect(stderr).toContain("hint: 'sampan system df'");
    expect(disk.state()).toBe(before);
    expect(disk.sh('ls -A data/sampan/downloads 2>/dev/null').stdout).toBe('');
  });
});
