// SPDX-License-Identifier: Apache-2.0
// A real distribution, packed by skopeo: what people will run first.

import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { requires } from '../support/requires.js';
import { Tmux } from '../support/tmux.js';
import { ok, startPiped, tool, toResult, uniqueName } from '../support/tool.js';

const common = ['userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'debian-image'] as const;
const debian = requires(...common);
const withTmux = requires(...common, 'tmux');

const archive = (name: string): string => join(process.env['SAMPAN_TEST_DEBIAN'] ?? '', name);
const reference = 'debian:test';
const run = async (...command: readonly string[]) => tool(['run', '--rm', reference, ...command]);

debian.test('the docker-archive is loaded', async () => {
  expect(await ok(['load', '-i', archive('docker-archive.tar')])).toBe(`Loaded image: ${reference}`);
  expect(await ok(['run', '--rm', reference, 'sh', '-c', '. /etc/os-release; echo $ID'])).toBe('debian');
});

debian.test('apt-get says its version', async () => {
  expect(await run('apt-get', '--version')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^apt \d/) });
});

debian.test('su gives nobody’s ids', async () => {
  expect(await run('su', '-s', '/bin/sh', 'nobody', '-c', 'id')).toMatchObject({
    exitCode: 0,
    stdout: 'uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n',
  });
});

debian.test('dpkg --audit finds nothing wrong', async () => {
  expect(await run('dpkg', '--audit')).toMatchObject({ exitCode: 0, stdout: '' });
});

debian.test('dpkg --verify finds every file as it was packed', async () => {
  expect(await run('dpkg', '--verify')).toMatchObject({ exitCode: 0, stdout: '' });
});

debian.test('owners and set-id bits are those of the distribution', async () => {
  const { stdout } = await run('stat', '-c', '%U:%G %a %n', '/usr/bin/su', '/usr/bin/chage', '/var/mail', '/tmp');
  expect(stdout).toBe(
    'root:root 4755 /usr/bin/su\nroot:shadow 2755 /usr/bin/chage\nroot:mail 2775 /var/mail\nroot:root 1777 /tmp\n',
  );
});

debian.test('a package database and users can be changed in a container', async () => {
  const script =
    'useradd -m dev && su - dev -c id -un 2>/dev/null; su dev -c "id -un; touch /home/dev/x" && stat -c %U /home/dev/x';
  expect((await run('sh', '-c', script)).stdout).toMatch(/dev\ndev\n$/);
});

withTmux.test('bash -lc runs interactively: prompt, line editing, job control and window size', async () => {
  using screen = new Tmux(['run', '--rm', '-it', reference, 'bash', '-lc', 'exec bash'], { columns: 100, rows: 30 });
  await screen.until(/root@[0-9a-f]{12}:\/#$/m);
  screen.type('echo one-$((20 + 3))x');
  screen.keys('BSpace', 'Enter');
  await screen.until(/^one-23$/m);
  screen.keys('Up', 'C-a', 'M-d');
  screen.type('printf %s.');
  screen.keys('Enter');
  await screen.until(/^one-23\.root@/m);
  screen.type('stty size; sleep 100');
  screen.keys('Enter');
  await screen.until(/^30 100$/m);
  await screen.press('C-z', /Stopped +sleep 100/);
  screen.type('fg');
  screen.keys('Enter');
  await screen.until(/^sleep 100$/m);
  await screen.press('C-c', /\^C\n(?:.*\n)?root@[^\n]*#\s*$/);
  screen.type('exit 7');
  screen.keys('Enter');
  await screen.until(/exit=7/);
});

debian.test('the OCI archive, from stdin, is the same image', async () => {
  const id = await ok(['image', 'inspect', '--format', '{{.Id}}', reference]);
  const loading = startPiped(['load', '-q']);
  createReadStream(archive('oci-archive.tar')).pipe(loading.stdin);
  expect(toResult(await loading)).toMatchObject({ exitCode: 0, stdout: `Loaded image: ${reference}\n` });
  expect(await ok(['image', 'inspect', '--format', '{{.Id}}', reference])).toBe(id);
});

debian.test('the plain root file system is imported, and runs', async () => {
  const name = `${uniqueName('imported')}:test`;
  await ok(['import', '--change', 'CMD ["cat","/etc/hostname"]', archive('rootfs.tar'), name]);
  const container = uniqueName('box');
  expect(await ok(['run', '--rm', '--hostname', container, name])).toBe(container);
});
