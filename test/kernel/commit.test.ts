// SPDX-License-Identifier: Apache-2.0
// diff and commit: what a container has changed, as a list and as an image.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dockerArchive } from '../support/archives.js';
import { requires } from '../support/requires.js';
import { rootfsTar } from '../support/rootfs.js';
import { skopeoInspect } from '../support/skopeo.js';
import { SmallDisk } from '../support/small-disk.js';
import { changesNothing } from '../support/store-state.js';
import { image, loadImage, ok, sandbox, startTool, tool, uniqueName } from '../support/tool.js';
import { poll } from '../support/poll.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const withSkopeo = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'skopeo');
const withIds = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids');
const small = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids', 'unshare');

const made = async (script: string, options: readonly string[] = [], from?: string): Promise<string> => {
  const name = uniqueName('commit');
  await ok(['run', '--name', name, ...options, from ?? (await image()), 'sh', '-c', script]);
  return name;
};
const newName = (): string => `${uniqueName('committed')}:test`;
const diff = async (name: string): Promise<readonly string[]> =>
  (await ok(['diff', name])).split('\n').filter((line) => line !== '');
const inspect = async (name: string, format: string): Promise<string> => ok(['image', 'inspect', '-f', format, name]);

describe('diff', () => {
  container.test('lists what was added, changed and deleted, and the directories around', async () => {
    const name = await made('mkdir /d && touch /d/f && rm /etc/os-release && chmod 600 /etc/passwd');
    expect(await diff(name)).toEqual(['A /d', 'A /d/f', 'C /etc', 'D /etc/os-release', 'C /etc/passwd']);
  });

  container.test('of a container that changed nothing is empty, whatever the engine makes in it', async () => {
    expect(await diff(await made('true'))).toEqual([]);
    const created = uniqueName('commit');
    await ok(['create', '--name', created, await image()]);
    expect(await diff(created)).toEqual([]);
  });

  container.test('of a container that runs', async () => {
    const name = uniqueName('commit');
    await ok(['run', '-d', '--name', name, await image(), 'sh', '-c', 'touch /new; sleep 1000']);
    await poll(async () => (await diff(name)).length > 0);
    expect(await diff(name)).toEqual(['A /new']);
    await ok(['rm', '-f', name]);
  });

  container.test('knows a directory that was replaced', async () => {
    const from = await committed(await made('mkdir /d && touch /d/a /d/b'));
    const name = await made('rm -r /d && mkdir /d && touch /d/b /d/c', [], from);
    expect(await diff(name)).toEqual(['C /d', 'D /d/a', 'C /d/b', 'A /d/c']);
  });

  container.test('refuses what it cannot tell', async () => {
    const name = uniqueName('commit');
    await ok(['create', '--name', name, 'host', 'true']);
    expect((await tool(['diff', name])).stderr).toContain('built-in image');
    expect((await tool(['diff', 'nobody'])).stderr).toContain('no such container');
  });
});

const committed = async (name: string, ...options: readonly string[]): Promise<string> => {
  const reference = newName();
  expect(await ok(['commit', ...options, name, reference])).toBe(await inspect(reference, '{{.Id}}'));
  return reference;
};

describe('commit', () => {
  container.test('makes an image with the changes of the container', async () => {
    const name = await made('echo new > /new && rm /etc/os-release && mkdir /d && ln -s /new /d/link');
    const reference = await committed(name);
    expect(await ok(['run', '--rm', reference, 'cat', '/d/link'])).toBe('new');
    expect((await tool(['run', '--rm', reference, 'test', '-e', '/etc/os-release'])).exitCode).toBe(1);
    expect(await ok(['run', '--rm', reference, 'sh', '-c', 'ls -a / | grep -c wh; true'])).toBe('0');
  });

  container.test('again and again gives layers that hide each other', async () => {
    const one = await committed(await made('mkdir /d && echo 1 > /d/a && echo 1 > /d/b'));
    const two = await committed(await made('rm -r /d && mkdir /d && echo 2 > /d/b', [], one));
    const three = await committed(await made('rm /d/b && echo 3 > /d/c', [], two));
    const show = (reference: string) =>
      ok(['run', '--rm', reference, 'sh', '-c', 'cd /d; for f in *; do cat $f; done']);
    expect([await show(one), await show(two), await show(three)]).toEqual(['1\n1', '2', '3']);
    expect(JSON.parse(await inspect(three, '{{json .RootFS.Layers}}'))).toHaveLength(4);
  });

  withIds.test('keeps owners and modes', async () => {
    const reference = await committed(await made('touch /f && chown 1000:50 /f && chmod 4750 /f'));
    expect(await ok(['run', '--rm', reference, 'stat', '-c', '%u:%g %a', '/f'])).toBe('1000:50 4750');
  });

  container.test('takes the defaults from the container and the changes', async () => {
    const name = uniqueName('commit');
    const options = [
      '-e',
      'A=1',
      '-w',
      '/tmp',
      '-u',
      '5',
      '-l',
      'x=y',
      '--stop-signal',
      'INT',
      '--entrypoint',
      '/bin/sh',
    ];
    await ok(['create', '--name', name, ...options, await image(), '-c', 'pwd']);
    const changes = ['-c', 'ENV B=2', '-c', 'LABEL z=w', '-a', 'Jo', '-m', 'made by hand'];
    const reference = await committed(name, ...changes);
    expect(JSON.parse(await inspect(reference, '{{json .Config}}'))).toMatchObject({
      Env: expect.arrayContaining(['PATH=/bin', 'A=1', 'B=2']),
      WorkingDir: '/tmp',
      User: '5',
      Labels: { x: 'y', z: 'w' },
      Entrypoint: ['/bin/sh'],
      Cmd: ['-c', 'pwd'],
      StopSignal: 'INT',
    });
    expect(await inspect(reference, '{{.Author}} {{.Comment}}')).toBe('Jo made by hand');
    expect(await ok(['run', '--rm', reference])).toBe('/tmp');
    const [step] = (await ok(['history', '--no-trunc', '--format', '{{.CreatedBy}} {{.Comment}}', reference])).split(
      '\n',
    );
    expect(step).toBe('-c pwd made by hand');
  });

  container.test('leaves what only this machine set to this machine', async () => {
    const from = await loadImage({ config: { Cmd: ['/bin/true'] } });
    const reference = await committed(await made('true', ['--hostname', 'here'], from));
    expect(await inspect(reference, '{{json .Config.Env}}')).toBe('null');
  });

  container.test('of a container that changed nothing adds a step and no layer', async () => {
    const name = await made('true');
    const reference = await committed(name);
    expect(await inspect(reference, '{{json .RootFS.Layers}}')).toBe(
      await inspect(await image(), '{{json .RootFS.Layers}}'),
    );
    expect((await ok(['history', '-q', reference])).split('\n')).toHaveLength(2);
  });

  container.test('of a container that runs says when it could not be paused', async () => {
    const name = uniqueName('commit');
    await ok(['run', '-d', '--name', name, await image(), 'sleep', '1000']);
    const cgroup = await ok(['inspect', '-f', '{{.Sampan.Cgroup}}', name]);
    const result = await tool(['commit', name]);
    expect(result.stderr).toMatch(cgroup === '' ? /WARNING: .* no cgroup/ : /^$/);
    expect(await tool(['commit', '--pause=false', name])).toMatchObject({ exitCode: 0 });
    await ok(['rm', '-f', name]);
  });

  container.test('without a name', async () => {
    const id = await ok(['commit', await made('touch /x')]);
    expect(await ok(['images', '-q', '--no-trunc', '--filter', 'dangling=true'])).toContain(id);
  });

  withSkopeo.test('other tools read the image', async () => {
    const reference = await committed(await made('echo x > /x'));
    const path = join(sandbox().directory, uniqueName('committed.tar'));
    await ok(['save', '-o', path, reference]);
    expect(skopeoInspect(`docker-archive:${path}`).Layers).toHaveLength(2);
  });

  container.test('a name beginning with .wh. cannot be kept, which is said', async () => {
    const name = await made('touch /etc/.wh.x');
    await changesNothing(async () => {
      expect(await tool(['commit', name])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('etc/.wh.x'),
      });
    });
  });

  for (const [what, args] of [
    ['a name that is none', ['UPPER']],
    ['the name of the built-in image', ['host']],
    ['a name with a digest', [`x@sha256:${'0'.repeat(64)}`]],
  ] as const)
    container.test(`refuses ${what}`, async () => {
      const name = await made('touch /x');
      await changesNothing(async () => {
        expect((await tool(['commit', name, ...args])).exitCode).toBe(1);
      });
    });

  container.test('refuses a change that is none', async () => {
    const name = await made('touch /x');
    expect(await tool(['commit', '-c', 'RUN true', name])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('RUN true'),
    });
  });

  container.test('of a container whose image is gone says what to do', async () => {
    const from = await loadImage({ config: { Cmd: ['/bin/true'], Env: [uniqueName('A=')] } });
    const name = await made('touch /x', ['-e', 'PATH=/bin'], from);
    await ok(['rmi', '-f', from]);
    expect(await tool(['commit', name])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('sampan export'),
    });
  });

  container.test('killed at any moment leaves nothing that the next command does not remove', async () => {
    const name = await made('dd if=/dev/zero of=/big bs=1M count=30 2>/dev/null');
    for (const delayMs of [50, 120, 200, 300]) {
      const running = startTool(['commit', name, newName()]);
      await sleep(delayMs);
      running.kill('SIGKILL');
      await running;
      await ok(['images']);
    }
    const reference = await committed(name);
    expect(await ok(['run', '--rm', reference, 'stat', '-c', '%s', '/big'])).toBe(String(30 << 20));
  });

  small.test('a full disk changes nothing', async () => {
    using disk = await SmallDisk.make(24 * 1024);
    const archive = dockerArchive({ layers: [rootfsTar()], config: { Env: ['PATH=/bin'] }, names: ['full:test'] });
    expect(disk.tool(['load'], archive)).toMatchObject({ exitCode: 0 });
    const script = 'dd if=/dev/zero of=/f bs=1M count=4 2>/dev/null';
    expect(disk.tool(['run', '--name', 'full', 'full:test', 'sh', '-c', script])).toMatchObject({
      exitCode: 0,
    });
    for (const level of [0, 64, 2048]) {
      const before = disk.state();
      disk.fill(level);
      expect(disk.tool(['commit', 'full', 'full:new'])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/no space left/),
      });
      expect(disk.state()).toBe(before);
    }
    disk.free();
    expect(disk.tool(['commit', 'full', 'full:new'])).toMatchObject({ exitCode: 0 });
  });
});
