// SPDX-License-Identifier: Apache-2.0
// -v, --mount, --tmpfs, --shm-size, --read-only.

import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { requires } from '../support/requires.js';
import { hostDirectory, refused, run } from '../support/run-once.js';
import { rootfsEntries } from '../support/rootfs.js';
import { directory, file, makeTar, symlink } from '../support/tar.js';
import { loadImage, ok, sandbox, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

describe('mounts', () => {
  container.test('-v binds a directory for reading and writing', async () => {
    const source = hostDirectory({ given: 'from host' });
    expect(await run(['-v', `${source}:/data`], 'sh', '-c', 'cat /data/given; echo from container > /data/made')).toBe(
      'from host',
    );
    expect(readFileSync(join(source, 'made'), 'utf8')).toBe('from container\n');
    expect(statSync(join(source, 'made')).uid).toBe(
      process.getuid?.() === 0 ? statSync(join(source, 'made')).uid : process.getuid?.(),
    );
  });

  container.test('-v with ro refuses writes', async () => {
    const source = hostDirectory({ given: 'x' });
    const result = await refused(['-v', `${source}:/data:ro`], 'touch', '/data/new');
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Read-only') });
  });

  container.test('-v of a tree: ro covers the mounts below it too', async () => {
    expect(
      await refused(['-v', '/:/host:ro'], 'touch', '/host/tmp/sampan-must-not-be', '/host/dev/shm/sampan-must-not-be'),
    ).toMatchObject({ exitCode: 1 });
    expect(existsSync('/tmp/sampan-must-not-be')).toBe(false);
    expect(existsSync('/dev/shm/sampan-must-not-be')).toBe(false);
  });

  container.test('-v binds a single file', async () => {
    const source = hostDirectory({ file: 'content' });
    expect(await run(['-v', `${source}/file:/etc/given.conf`], 'cat', '/etc/given.conf')).toBe('content');
  });

  container.test('-v makes a missing host directory, --mount refuses it', async () => {
    const source = join(sandbox().directory, uniqueName('missing'));
    const strict = await refused(['--mount', `type=bind,source=${source},target=/data`], 'true');
    expect(strict).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(source) });
    expect(existsSync(source)).toBe(false);
    await run(['-v', `${source}:/data`], 'true');
    expect(statSync(source).isDirectory()).toBe(true);
  });

  container.test('--mount type=bind,readonly', async () => {
    const source = hostDirectory({ given: 'x' });
    expect(
      await refused(['--mount', `type=bind,src=${source},dst=/data,readonly`], 'touch', '/data/new'),
    ).toMatchObject({ exitCode: 1 });
    expect(await run(['--mount', `type=bind,src=${source},dst=/data,readonly`], 'cat', '/data/given')).toBe('x');
  });

  container.test('a bind source that cannot be read is refused with its path', async () => {
    const source = hostDirectory();
    const inner = join(source, 'closed/inner');
    mkdirSync(inner, { recursive: true });
    chmodSync(join(source, 'closed'), 0o000);
    const result = await refused(['-v', `${inner}:/data`], 'true');
    chmodSync(join(source, 'closed'), 0o700);
    // root of the machine may read everything
    if (process.getuid?.() !== 0)
      expect(result).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(inner) });
  });

  container.test('a bind whose target escapes by a symlink stays in the container', async () => {
    const source = hostDirectory({ given: 'x' });
    const layer = makeTar([
      ...rootfsEntries(),
      directory('real/'),
      symlink('escape', '../../../../../../real'),
      file('real/marker', 'in the image'),
    ]);
    const reference = await loadImage({ layers: [layer] });
    expect(await ok(['run', '--rm', '-v', `${source}:/escape`, reference, 'cat', '/real/given'])).toBe('x');
  });

  container.test('--tmpfs has its size, mode and nothing from before', async () => {
    const text = await run(
      ['--tmpfs', '/scratch:size=4m,mode=1770'],
      'sh',
      '-c',
      'stat -c %a /scratch; df -k /scratch | tail -1; grep " /scratch " /proc/self/mounts',
    );
    const [mode, size, mount] = text.split('\n');
    expect(mode).toBe('1770');
    expect(size?.split(/\s+/)[1]).toBe('4096');
    expect(mount).toMatch(/^tmpfs \/scratch tmpfs rw,nosuid,nodev,noexec/);
  });

  container.test('--mount type=tmpfs,tmpfs-size', async () => {
    expect(
      await run(
        ['--mount', 'type=tmpfs,destination=/scratch,tmpfs-size=2m,tmpfs-mode=0700'],
        'sh',
        '-c',
        'df -k /scratch | tail -1; stat -c %a /scratch',
      ),
    ).toMatch(/\b2048\b[^]*\n700$/);
  });

  container.test('--shm-size is the size of /dev/shm; 64 MB without', async () => {
    expect(await run([], 'sh', '-c', 'df -k /dev/shm | tail -1')).toMatch(/\b65536\b/);
    expect(await run(['--shm-size', '8m'], 'sh', '-c', 'df -k /dev/shm | tail -1')).toMatch(/\b8192\b/);
  });

  container.test('--read-only: the root file system refuses writes, /dev/shm and --tmpfs take them', async () => {
    const script = 'touch /x 2>&1; touch /etc/x 2>&1; touch /dev/shm/x && touch /run-here/x && echo fine';
    const result = await refused(['--read-only', '--tmpfs', '/run-here'], 'sh', '-c', script);
    expect(result.stdout).toMatch(/Read-only[^]*Read-only[^]*fine/);
  });
});
