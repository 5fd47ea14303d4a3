// SPDX-License-Identifier: Apache-2.0
// export and cp on a full disk, and cp that is killed: an error that names the cause, nothing half-made that counts as
// whole, and the next one works.

import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { dockerArchive } from '../support/archives.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { rootfsTar } from '../support/rootfs.js';
import { SmallDisk } from '../support/small-disk.js';
import { file, makeTar } from '../support/tar.js';
import { image, ok, sandbox, startTool, uniqueName } from '../support/tool.js';

const words = ['userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids'] as const;
const container = requires(...words);
const small = requires(...words, 'unshare');

const noSpace = { exitCode: 1, stderr: expect.stringMatching(/no space left/i) as string };
const big = randomBytes(2_000_000);

describe('on a full disk', () => {
  const name = 'filled';
  const make = async (): Promise<SmallDisk> => {
    const disk = await SmallDisk.make(24 * 1024);
    const archive = dockerArchive({ layers: [rootfsTar(), makeTar([file('big', big)])], names: ['full:test'] });
    expect(disk.tool(['load'], archive)).toMatchObject({ exitCode: 0 });
    expect(disk.tool(['create', '--name', name, 'full:test', 'true'])).toMatchObject({ exitCode: 0 });
    disk.sh('mkdir out');
    disk.fill(64);
    return disk;
  };

  small.test('export leaves no file', async () => {
    using disk = await make();
    expect(disk.tool(['export', '-o', 'out/x.tar', name])).toMatchObject(noSpace);
    expect(disk.sh('ls -A out').stdout).toBe('');
    disk.free();
    expect(disk.tool(['export', '-o', 'out/x.tar', name])).toMatchObject({ exitCode: 0 });
    expect(disk.sh('tar -tf out/x.tar').stdout).toContain('big');
  });

  small.test('cp out of a container says so, and works when there is space', async () => {
    using disk = await make();
    expect(disk.tool(['cp', `${name}:/big`, 'out/big'])).toMatchObject(noSpace);
    disk.free();
    expect(disk.tool(['cp', `${name}:/big`, 'out/big'])).toMatchObject({ exitCode: 0 });
    expect(disk.sh('stat -c %s out/big').stdout.trim()).toBe(String(big.length));
  });

  small.test('cp into a container says so, and works when there is space', async () => {
    using disk = await make();
    const archive = makeTar([file('new', big)]);
    expect(disk.tool(['cp', '-', `${name}:/`], archive)).toMatchObject(noSpace);
    disk.free();
    expect(disk.tool(['cp', '-', `${name}:/`], archive)).toMatchObject({ exitCode: 0 });
    expect(disk.tool(['cp', `${name}:/new`, 'out/new'])).toMatchObject({ exitCode: 0 });
    expect(disk.sh('stat -c %s out/new').stdout.trim()).toBe(String(big.length));
  });
});

describe('cp that is killed', () => {
  const sizeMiB = 200;
  const newDirectory = (): string => {
    const path = join(sandbox().directory, uniqueName('cp'));
    mkdirSync(path);
    return path;
  };
  const bytesIn = (path: string): number =>
    readdirSync(path).reduce(
      (sum, entry) => sum + (statSync(join(path, entry), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );

  container.test('out of a container leaves no process, and the next one is whole', async () => {
    const name = uniqueName('cp');
    const script = `dd if=/dev/zero of=/big bs=1M count=${String(sizeMiB)} 2>/dev/null`;
    await ok(['run', '--name', name, await image(), 'sh', '-c', script]);
    const target = newDirectory();
    const copying = startTool(['cp', `${name}:/big`, target]);
    await poll(() => bytesIn(target) > 0, { what: 'the first bytes' });
    copying.kill('SIGKILL');
    await copying;
    await ok(['cp', `${name}:/big`, target]);
    expect(readdirSync(target)).toEqual(['big']);
    expect(statSync(join(target, 'big')).size).toBe(sizeMiB << 20);
    await ok(['rm', name]);
  });

  container.test('into a container leaves no process and no mount, and the next one is whole', async () => {
    const name = uniqueName('cp');
    await ok(['create', '--name', name, await image(), 'sh', '-c', 'ls /into; stat -c %s /into/big']);
    const source = newDirectory();
    mkdirSync(join(source, 'into'));
    writeFileSync(join(source, 'into/big'), Buffer.alloc(sizeMiB << 20));
    const upper = join(sandbox().dataRoot, 'containers', await ok(['inspect', '-f', '{{.Id}}', name]), 'upper');
    const copying = startTool(['cp', join(source, 'into'), `${name}:/`]);
    await poll(() => readdirSync(upper).includes('into'), { what: 'the first bytes' });
    copying.kill('SIGKILL');
    await copying;
    await ok(['cp', join(source, 'into'), `${name}:/`]);
    expect(await ok(['start', '-a', name])).toBe(`big\n${String(sizeMiB << 20)}`);
    await ok(['rm', name]);
  });
});
