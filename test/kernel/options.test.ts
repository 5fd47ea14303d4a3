// SPDX-License-Identifier: Apache-2.0
// Docker's flags of run and create, one by one.

import { join } from 'node:path';
import { requires } from '../support/requires.js';
import { hostDirectory, refused, run } from '../support/run-once.js';
import { image, loadImage, ok, report, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const withIds = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids');

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
      ['--network', 'none', '--dns', '203.0.113.1', '--dns-search', 'example.test', '--dns-option', 'ndots:2'],
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
