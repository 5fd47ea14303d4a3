// SPDX-License-Identifier: Apache-2.0
// Docker's flags of run and create, one by one.

import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requires } from '../support/requires.js';
import { image, loadImage, ok, report, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const withIds = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids');

const run = async (options: readonly string[], ...command: readonly string[]): Promise<string> =>
  ok(['run', '--rm', ...options, await image(), ...command]);
const refused = async (options: readonly string[], ...command: readonly string[]) =>
  tool(['run', '--rm', ...options, await image(), ...command]);

const hostDirectory = (files: Readonly<Record<string, string>> = {}): string => {
  const path = join(sandbox().directory, uniqueName('dir'));
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
};

/** uid, gid and what getgroups(2) says of a process that runs as `user`. */
const idsOf = async (user: string): Promise<{ uid: string; gid: string; groups: readonly string[] }> => {
  const status = await run(['-u', user], 'cat', '/proc/self/status');
  const field = (name: string): readonly string[] =>
    new RegExp(`^${name}:\\t(.*)$`, 'm').exec(status)?.[1]?.trim().split(/\s+/) ?? [];
  return {
    uid: field('Uid')[0] ?? '',
    gid: field('Gid')[0] ?? '',
    groups: [...field('Groups')].sort((a, b) => Number(a) - Number(b)),
  };
};

describe('process', () => {
  container.test('-e sets, and takes from the caller what has no value', async () => {
    const result = await tool(
      ['run', '--rm', '-e', 'A=1', '-e', 'FROM_CALLER', '-e', 'NOT_THERE', await image(), 'env'],
      { env: { FROM_CALLER: 'yes' } },
    );
    const lines = result.stdout.split('\n');
    expect(lines).toEqual(expect.arrayContaining(['A=1', 'FROM_CALLER=yes']));
    expect(result.stdout).not.toContain('NOT_THERE');
  });

  container.test('PATH, HOME and HOSTNAME are there', async () => {
    const lines = (await run(['--hostname', 'box'], 'env')).split('\n');
    expect(lines).toEqual(expect.arrayContaining(['PATH=/bin', 'HOME=/root', 'HOSTNAME=box']));
  });

  container.test('--env-file: comments, names without value, -e wins', async () => {
    const directory = hostDirectory({ env: '# a comment\nA=from file\n\nB=b#not a comment\nFROM_CALLER\n' });
    const result = await tool(
      ['run', '--rm', '--env-file', join(directory, 'env'), '-e', 'A=flag', await image(), 'env'],
      { env: { FROM_CALLER: 'yes' } },
    );
    expect(result.stdout.split('\n')).toEqual(
      expect.arrayContaining(['A=flag', 'B=b#not a comment', 'FROM_CALLER=yes']),
    );
  });

  container.test('-w makes the directory when it is missing', async () => {
    expect(await run(['-w', '/made/for/this'], 'pwd')).toBe('/made/for/this');
    expect(await run(['--workdir', '/etc'], 'pwd')).toBe('/etc');
  });

  container.test('--entrypoint replaces the entrypoint and resets the image’s command', async () => {
    const reference = await loadImage({
      config: { Entrypoint: ['/bin/echo', 'entry'], Cmd: ['default'], Env: ['PATH=/bin'] },
    });
    expect(await ok(['run', '--rm', reference])).toBe('entry default');
    expect(await ok(['run', '--rm', reference, 'given'])).toBe('entry given');
    expect(await ok(['run', '--rm', '--entrypoint', '/bin/echo', reference])).toBe('');
    expect(await ok(['run', '--rm', '--entrypoint', '', reference, 'echo', 'bare'])).toBe('bare');
  });

  container.test('flags end at the image name', async () => {
    expect(await run([], 'echo', '--rm', '-it', '--name=x')).toBe('--rm -it --name=x');
  });

  withIds.test('-u takes names and ids from the image, with supplementary groups', async () => {
    // the primary group is among the supplementary ones (CVE-2022-36109)
    expect(await idsOf('alice')).toEqual({ uid: '1000', gid: '1000', groups: ['50', '1000', '2000'] });
    expect(await idsOf('alice:staff')).toEqual({ uid: '1000', gid: '50', groups: ['50'] });
    expect(await idsOf('1234:4321')).toEqual({ uid: '1234', gid: '4321', groups: ['4321'] });
    expect(await idsOf('1000')).toEqual({ uid: '1000', gid: '1000', groups: ['50', '1000', '2000'] });
    expect(await run(['-u', '1000'], 'sh', '-c', 'echo $HOME')).toBe('/home/alice');
  });

  withIds.test('--group-add adds by name and number', async () => {
    expect(await run(['-u', '1000:1000', '--group-add', 'staff', '--group-add', '777'], 'id', '-G')).toMatch(
      /^1000 50 777$/,
    );
  });

  container.test('a user that the image does not know is refused with 125', async () => {
    expect(await refused(['-u', 'mallory'], 'true')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('mallory'),
    });
    expect(await refused(['-u', 'root:nogroupthere'], 'true')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('nogroupthere'),
    });
  });

  container.test('--init runs the command as a child of process 1', async () => {
    const seen = await report(['--init']);
    expect(seen.pid).toBeGreaterThan(1);
    expect(seen.ppid).toBe(1);
  });

  container.test('--ulimit sets soft and hard limits', async () => {
    const { limits } = await report(['--ulimit', 'nofile=123:456', '--ulimit', 'core=0']);
    expect(limits.find((line) => line.startsWith('Max open files'))).toMatch(/\b123\s+456\b/);
    expect(limits.find((line) => line.startsWith('Max core file size'))).toMatch(/\b0\s+0\b/);
  });

  container.test('--sysctl sets a namespaced setting and refuses others', async () => {
    expect(
      await run(
        ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=80'],
        'cat',
        '/proc/sys/net/ipv4/ip_unprivileged_port_start',
      ),
    ).toBe('80');
    expect(await run(['--sysctl', 'kernel.msgmax=9000'], 'cat', '/proc/sys/kernel/msgmax')).toBe('9000');
    expect(await refused(['--sysctl', 'vm.swappiness=1'], 'true')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('vm.swappiness'),
    });
  });
});

describe('host name and names', () => {
  container.test('--hostname and --domainname', async () => {
    const seen = await report(['--hostname', 'box', '--domainname', 'example.test']);
    expect(seen).toMatchObject({ hostname: 'box', domainname: 'example.test' });
  });

  container.test('/etc/hosts has localhost, the host name and --add-host', async () => {
    const hosts = await run(
      ['--hostname', 'box', '--add-host', 'db:203.0.113.7', '--add-host', 'six=fd00:5a::1'],
      'cat',
      '/etc/hosts',
    );
    expect(hosts).toMatch(/^127\.0\.0\.1\s+localhost/m);
    expect(hosts).toMatch(/^203\.0\.113\.7\s+db$/m);
    expect(hosts).toMatch(/^fd00:5a::1\s+six$/m);
    expect(hosts).toMatch(/\bbox\b/);
  });

  container.test('--dns, --dns-search and --dns-option are in /etc/resolv.conf', async () => {
    const text = await run(
      ['--dns', '203.0.113.1', '--dns-search', 'example.test', '--dns-option', 'ndots:2'],
      'cat',
      '/etc/resolv.conf',
    );
    expect(text.split('\n')).toEqual(
      expect.arrayContaining(['nameserver 203.0.113.1', 'search example.test', 'options ndots:2']),
    );
  });

  container.test('/etc/hostname is the host name', async () => {
    expect(await run(['--hostname', 'box'], 'cat', '/etc/hostname')).toBe('box');
  });

  container.test('/etc/hosts can be written and belongs to the container', async () => {
    expect(await run([], 'sh', '-c', 'echo 203.0.113.9 mine >> /etc/hosts && grep -c mine /etc/hosts')).toBe('1');
  });
});

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
    const { file, makeTar, symlink, directory } = await import('../support/tar.js');
    const { rootfsEntries } = await import('../support/rootfs.js');
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

describe('the rest', () => {
  container.test('--privileged gives every capability of the namespace and writable /sys', async () => {
    const lines = await run(
      ['--privileged'],
      'sh',
      '-c',
      'grep CapEff /proc/self/status; mount -t tmpfs tmpfs /tmp && echo mounted',
    );
    expect(lines).toMatch(/CapEff:\t0000(00)?[0-9a-f]*f{8,}/);
    expect(lines).toContain('mounted');
  });

  container.test('-l, --annotation, --stop-signal and --stop-timeout are in inspect', async () => {
    const name = uniqueName();
    await ok([
      'create',
      '--name',
      name,
      '-l',
      'a=b',
      '--label',
      'only',
      '--annotation',
      'x=y',
      '--stop-signal',
      'SIGUSR1',
      '--stop-timeout',
      '3',
      await image(),
    ]);
    const [found] = JSON.parse(await ok(['inspect', name])) as [
      { Config: Record<string, unknown>; HostConfig: Record<string, unknown> },
    ];
    expect(found.Config).toMatchObject({ Labels: { a: 'b', only: '' }, StopSignal: 'SIGUSR1', StopTimeout: 3 });
    expect(found.HostConfig['Annotations']).toEqual({ x: 'y' });
    await ok(['rm', name]);
  });

  container.test('--platform of another machine is refused', async () => {
    expect(await refused(['--platform', 'linux/s390x', '--pull', 'never'], 'true')).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('s390x'),
    });
  });

  container.test('--dry-run=plan prints the plan and makes nothing', async () => {
    const plan = await ok(['run', '--dry-run=plan', '--name', uniqueName(), await image(), 'true']);
    expect(plan).toMatch(/pivot_root/);
    expect(await ok(['ps', '-aq'])).toBe('');
  });

  container.test('bad values are refused with 125 and the value', async () => {
    for (const [flag, value] of [
      ['--memory-swappiness', '1x'],
      ['--shm-size', 'lots'],
      ['--ulimit', 'nofile=x'],
      ['--mount', 'type=bind'],
      ['-v', 'relative/path/without/target:'],
      ['--add-host', 'nocolon'],
      ['--stop-signal', 'SIGNOPE'],
      ['--name', '-bad name'],
      ['--hostname', 'x'.repeat(70)],
      ['--network', 'no-such-network'],
      ['--detach-keys', 'ctrl-'],
      ['--env-file', '/no/such/file'],
    ] as const) {
      const result = await refused([flag, value], 'true');
      expect({ flag, exitCode: result.exitCode, said: result.stderr !== '' }).toEqual({
        flag,
        exitCode: 125,
        said: true,
      });
      expect(result.stderr).not.toMatch(/\n\s+at /);
    }
    expect(await ok(['ps', '-aq'])).toBe('');
  });
});
