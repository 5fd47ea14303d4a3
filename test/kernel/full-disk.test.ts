// SPDX-License-Identifier: Apache-2.0
// A disk that is full: every command says so, leaves nothing half-made, and works again when there is space. What
// removes works without any.

import { dockerArchive } from '../support/archives.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { rootfsTar } from '../support/rootfs.js';
import { SmallDisk, type SmallResult } from '../support/small-disk.js';
import { file, makeTar } from '../support/tar.js';

const small = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids', 'unshare');

const reference = 'full:test';
const archive = (): Buffer =>
  dockerArchive({
    layers: [rootfsTar()],
    config: { Cmd: ['cat', '/etc/os-release'], Env: ['PATH=/bin'] },
    names: [reference],
  });
const diskKiB = 24 * 1024;
/** From nothing at all to nearly enough. */
const levelsKiB = [0, 4, 16, 64, 512];

const fine = (result: SmallResult): string => {
  expect(result).toMatchObject({ exitCode: 0 });
  return result.stdout.trim();
};
const saysFull = (result: SmallResult, exitCode: number): void => {
  expect(result).toMatchObject({ exitCode, stderr: expect.stringMatching(/no space left/i) });
  expect(result.stderr).not.toMatch(/\n\s+at /);
};

describe('load and import', () => {
  for (const [what, args, input] of [
    ['load', ['load'], archive],
    ['import', ['import', '-', reference], rootfsTar],
  ] as const)
    small.test(`${what} fails at every level, changes nothing, and works when there is space`, async () => {
      using disk = await SmallDisk.make(diskKiB);
      fine(disk.tool(['ps']));
      for (const level of levelsKiB) {
        const before = disk.state();
        disk.fill(level);
        saysFull(disk.tool(args, input()), 1);
        expect(disk.state()).toBe(before);
      }
      disk.free();
      fine(disk.tool(args, input()));
      expect(fine(disk.tool(['run', '--rm', reference, 'cat', '/etc/os-release']))).toBe('ID=test');
    });
});

describe('create and run', () => {
  small.test('a container is made whole or not at all', async () => {
    using disk = await SmallDisk.make(diskKiB);
    fine(disk.tool(['load'], archive()));
    for (const level of [0, 4, 8, 12]) {
      const before = disk.state();
      disk.fill(level);
      saysFull(disk.tool(['create', reference]), 1);
      expect(disk.state()).toBe(before);
      saysFull(disk.tool(['run', '--rm', reference]), 125);
      expect(disk.state()).toBe(before);
    }
    disk.free();
    expect(fine(disk.tool(['run', '--rm', reference]))).toBe('ID=test');
  });

  small.test('a process that fills the disk gets its error, and the container is removed with it', async () => {
    using disk = await SmallDisk.make(diskKiB);
    fine(disk.tool(['load'], archive()));
    const before = disk.state();
    const result = disk.tool(['run', '--rm', reference, 'dd', 'if=/dev/zero', 'of=/big', 'bs=64k', 'count=1000']);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/no space left/i) });
    expect(disk.state()).toBe(before);
  });
});

describe('with no byte free', () => {
  small.test('rm removes a stopped container, rm -f a running one', async () => {
    using disk = await SmallDisk.make(diskKiB);
    fine(disk.tool(['load'], archive()));
    const before = disk.state();
    fine(disk.tool(['create', '--name', 'stopped', reference]));
    fine(disk.tool(['run', '-d', '--name', 'running', reference, 'sleep', '1000']));
    disk.fill(0);
    expect(fine(disk.tool(['rm', 'stopped']))).toBe('stopped');
    disk.fill(0);
    expect(fine(disk.tool(['rm', '-f', 'running']))).toBe('running');
    expect(disk.state()).toBe(before);
  });

  small.test('rmi gives the image’s space back, image after image', async () => {
    using disk = await SmallDisk.make(diskKiB);
    for (const name of ['small:1', 'small:2', 'small:3'])
      fine(disk.tool(['import', '-', name], makeTar([file('x', name)])));
    fine(disk.tool(['load'], archive()));
    for (const name of ['small:1', 'small:2']) {
      disk.fill(0);
      expect(fine(disk.tool(['rmi', name]))).toContain('Deleted: ');
    }
    disk.fill(0);
    expect(fine(disk.tool(['rmi', reference]))).toContain('Deleted: ');
    expect(fine(disk.tool(['images', '-q', 'small:3']))).not.toBe('');
    disk.free();
    fine(disk.tool(['load'], archive()));
  });

  small.test('prune empties the store', async () => {
    using disk = await SmallDisk.make(diskKiB);
    fine(disk.tool(['ps']));
    fine(disk.tool(['import', '-', 'small:1'], makeTar([file('x', 'y')])));
    fine(disk.tool(['rmi', 'small:1']));
    const before = disk.state();
    fine(disk.tool(['import', '-', 'small:1'], makeTar([file('x', 'y')])));
    fine(disk.tool(['load'], archive()));
    fine(disk.tool(['run', '--name', 'done', reference]));
    disk.fill(0);
    expect(fine(disk.tool(['system', 'df']))).toContain('Containers      1         0 ');
    expect(fine(disk.tool(['container', 'prune', '-f']))).toContain('Deleted Containers:');
    disk.fill(0);
    expect(fine(disk.tool(['image', 'prune', '-af']))).toContain(`untagged: ${reference}`);
    expect(disk.state()).toBe(before);
    disk.free();
    fine(disk.tool(['load'], archive()));
  });

  small.test('a container whose monitor was killed is no obstacle', async () => {
    using disk = await SmallDisk.make(diskKiB);
    fine(disk.tool(['load'], archive()));
    fine(disk.tool(['run', '-d', '--name', 'orphan', reference, 'sleep', '1000']));
    const status = (): string => fine(disk.tool(['ps', '-a', '--format', '{{.Status}}']));
    disk.sh('kill -9 "$(pgrep -f "^sampan-monitor orphan")"');
    // its container ends with it, a moment later
    await poll(() => status().includes('Exited (137)'));
    disk.fill(0);
    expect(status()).toContain('Exited (137)');
    expect(fine(disk.tool(['system', 'prune', '-af']))).toContain('Deleted Containers:');
  });

  small.test('ps, images, inspect and logs still answer', async () => {
    using disk = await SmallDisk.make(diskKiB);
    fine(disk.tool(['load'], archive()));
    fine(disk.tool(['run', '--name', 'done', reference]));
    disk.fill(0);
    expect(fine(disk.tool(['logs', 'done']))).toBe('ID=test');
    for (const args of [['ps', '-a'], ['images'], ['inspect', 'done'], ['info']]) fine(disk.tool(args));
    fine(disk.tool(['rm', 'done']));
  });
});
