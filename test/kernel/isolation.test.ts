// SPDX-License-Identifier: Apache-2.0
// What a process sees from inside: only what it was given.

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { outsideMaps } from '../support/outside-maps.js';
import { repository } from '../support/paths.js';
import { requires } from '../support/requires.js';
import { busyboxPath } from '../support/rootfs.js';
import { image, ok, report, sandbox, statusOf, tool, uniqueName, type Report } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const dockersCapabilities = '00000000a80425fb';

describe('namespaces', () => {
  container.test('are all the container’s own', async () => {
    const { namespaces } = await report();
    for (const kind of ['user', 'mnt', 'pid', 'uts', 'ipc', 'net', 'cgroup']) {
      expect({ kind, inside: namespaces[kind] }).not.toEqual({ kind, inside: readlinkSync(`/proc/self/ns/${kind}`) });
    }
  });

  container.test('differ between two containers', async () => {
    // One lives while the other looks: the kernel gives the numbers of namespaces that are gone to new ones.
    const name = uniqueName();
    await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
    const first = JSON.parse(await ok(['exec', name, '/bin/report'])) as Report;
    const second = await report();
    for (const kind of ['user', 'mnt', 'pid', 'uts', 'ipc', 'net'])
      expect(first.namespaces[kind]).not.toBe(second.namespaces[kind]);
    await ok(['rm', '-f', name]);
  });

  container.test('show only lo with --network none, and it is up', async () => {
    expect((await report(['--network', 'none'])).interfaces).toEqual(['lo']);
    expect(await ok(['run', '--rm', '--network', 'none', await image(), 'ip', 'addr', 'show', 'lo'])).toContain(
      '127.0.0.1',
    );
  });

  container.test('--network host is the machine’s network', async () => {
    const seen = await report(['--network', 'host']);
    expect(seen.namespaces['net']).toBe(readlinkSync('/proc/self/ns/net'));
    expect(seen.namespaces['mnt']).not.toBe(readlinkSync('/proc/self/ns/mnt'));
  });

  container.test('process 1 is the command, with itself alone, leading its session', async () => {
    const seen = await report();
    expect(seen).toMatchObject({ pid: 1, ppid: 0, sid: 1, processes: ['1'] });
  });
});

describe('the root file system', () => {
  container.test('has nothing of the host behind it', async () => {
    const { mounts, root } = await report();
    const text = mounts.join('\n');
    // the overlay's own options name its directories; mount points and sources must not
    for (const line of mounts) expect(line.split(' ')[4]).not.toMatch(new RegExp(sandbox().directory));
    expect(text).not.toMatch(/ \/(home|work|root)\b/);
    expect(root.filter((name) => /old|pivot|host/.test(name))).toEqual([]);
    const points = mounts.map((line) => line.split(' ')[4]);
    expect(points.filter((point) => point === '/')).toHaveLength(1);
  });

  container.test('does not share mounts with the host', async () => {
    const { mounts } = await report();
    expect(mounts.filter((line) => /\b(shared|master):\d+/.test(line))).toEqual([]);
  });

  container.test('/dev has exactly the usual nodes', async () => {
    const { devices } = await report();
    expect(devices).toEqual({
      core: 'link /proc/kcore',
      fd: 'link /proc/self/fd',
      full: 'char 1:7',
      mqueue: 'directory',
      null: 'char 1:3',
      ptmx: expect.stringMatching(/^link (\/dev\/)?pts\/ptmx$/) as string,
      pts: 'directory',
      random: 'char 1:8',
      shm: 'directory',
      stderr: 'link /proc/self/fd/2',
      stdin: 'link /proc/self/fd/0',
      stdout: 'link /proc/self/fd/1',
      tty: 'char 5:0',
      urandom: 'char 1:9',
      zero: 'char 1:5',
    });
  });

  container.test('the device nodes work', async () => {
    const script =
      'head -c 4 /dev/zero | wc -c; echo x > /dev/null; head -c 8 /dev/urandom | wc -c; echo y > /dev/full; echo $?';
    const result = await tool(['run', '--rm', await image(), 'sh', '-c', script]);
    expect(result.stdout.trim().split(/\s+/)).toEqual(['4', '8', '1']);
  });

  container.test('mounts of the system have docker’s types and options', async () => {
    const mounts = byPoint(await report());
    expect(mounts.get('/proc')).toMatchObject({
      type: 'proc',
      options: expect.arrayContaining(['nosuid', 'nodev', 'noexec']) as unknown,
    });
    expect(mounts.get('/dev')).toMatchObject({ type: 'tmpfs', options: expect.arrayContaining(['nosuid']) as unknown });
    expect(mounts.get('/dev/pts')).toMatchObject({
      type: 'devpts',
      options: expect.arrayContaining(['nosuid', 'noexec']) as unknown,
    });
    expect(mounts.get('/dev/shm')).toMatchObject({
      type: 'tmpfs',
      options: expect.arrayContaining(['nosuid', 'nodev', 'noexec']) as unknown,
    });
    expect(mounts.get('/dev/mqueue')).toMatchObject({ type: 'mqueue' });
    expect(mounts.get('/sys')).toMatchObject({
      type: 'sysfs',
      options: expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']) as unknown,
    });
  });

  container.test('docker’s masked paths read as nothing', async () => {
    const masked = [
      '/proc/acpi',
      '/proc/interrupts',
      '/proc/kcore',
      '/proc/keys',
      '/proc/latency_stats',
      '/proc/timer_list',
      '/proc/scsi',
      '/sys/firmware',
      '/sys/devices/virtual/powercap',
    ];
    const script =
      'for path; do [ -e "$path" ] || continue; if [ -d "$path" ]; then ls -A "$path"; else cat "$path"; fi; done';
    expect(
      await tool(['run', '--rm', '--network', 'none', await image(), 'sh', '-c', script, 'sh', ...masked]),
    ).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    const mounts = byPoint(await report());
    for (const path of ['/proc/kcore', '/proc/keys', '/proc/interrupts'].filter((path) => existsSync(path)))
      expect({ path, masked: mounts.has(path) }).toEqual({ path, masked: true });
  });

  container.test('docker’s read-only paths cannot be written', async () => {
    const mounts = byPoint(await report());
    for (const path of ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'].filter((path) =>
      existsSync(path),
    )) {
      expect({ path, options: mounts.get(path)?.options }).toEqual({ path, options: expect.arrayContaining(['ro']) });
    }
  });

  container.test('what must be refused is refused', async () => {
    const lines = (await ok(['run', '--rm', await image(), '/bin/report', 'attempts'])).split('\n');
    const allowed = lines.filter((line) => line.endsWith(' allowed')).map((line) => line.split(' ')[0]);
    // chroot(2) is in docker's default capabilities
    expect(allowed).toEqual(['chroot']);
    expect(lines).toHaveLength(11);
  });
});

describe('identity', () => {
  container.test('the default capabilities are docker’s', async () => {
    const seen = await report();
    expect({
      eff: statusOf(seen, 'CapEff'),
      prm: statusOf(seen, 'CapPrm'),
      bnd: statusOf(seen, 'CapBnd'),
      inh: statusOf(seen, 'CapInh'),
      amb: statusOf(seen, 'CapAmb'),
    }).toEqual({
      eff: dockersCapabilities,
      prm: dockersCapabilities,
      bnd: dockersCapabilities,
      inh: '0000000000000000',
      amb: '0000000000000000',
    });
  });

  requires('userns', 'subids', 'busybox').test(
    'another user than root has no capabilities but the bounding set',
    async () => {
      const seen = await report(['--user', '1000']);
      expect({
        uid: seen.uid,
        eff: statusOf(seen, 'CapEff'),
        prm: statusOf(seen, 'CapPrm'),
        bnd: statusOf(seen, 'CapBnd'),
      }).toEqual({
        uid: 1000,
        eff: '0000000000000000',
        prm: '0000000000000000',
        bnd: dockersCapabilities,
      });
    },
  );

  container.test('--cap-drop all --cap-add leaves exactly what was added', async () => {
    const seen = await report(['--cap-drop', 'ALL', '--cap-add', 'NET_BIND_SERVICE']);
    expect(statusOf(seen, 'CapEff')).toBe('0000000000000400');
  });

  container.test('no_new_privs is set where asked, and only there', async () => {
    expect((await report()).noNewPrivs).toBe(0);
    expect((await report(['--security-opt', 'no-new-privileges'])).noNewPrivs).toBe(1);
  });

  requires('userns', 'subids', 'busybox').test(
    'container root is the user, further ids are sub-ids, the machine’s root is nobody’s',
    async () => {
      const { uids } = await outsideMaps();
      expect(uids[0]?.inside).toBe(0);
      for (const { outside, count } of uids) expect(outside > 0 && count > 0).toBe(true);
      if (process.getuid?.() !== 0) expect(uids[0]).toEqual({ inside: 0, outside: process.getuid?.(), count: 1 });
      expect(uids.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(65_535);
    },
  );
});

describe('what comes along', () => {
  container.test('only stdin, stdout and stderr are open', async () => {
    expect(Object.keys((await report()).descriptors)).toEqual(['0', '1', '2']);
  });

  container.test('nothing of the caller’s environment', async () => {
    const result = await tool(['run', '--rm', await image(), 'env'], { env: { SECRET_OF_THE_HOST: 'x' } });
    expect(result.stdout).not.toContain('SECRET_OF_THE_HOST');
    expect(result.stdout).not.toContain('XDG_');
  });

  container.test('signals are neither blocked nor ignored, and the umask is 022', async () => {
    const seen = await report();
    expect({ blocked: statusOf(seen, 'SigBlk'), ignored: statusOf(seen, 'SigIgn'), umask: seen.umask }).toEqual({
      blocked: '0000000000000000',
      ignored: '0000000000000000',
      umask: 0o022,
    });
  });

  container.test('the binary of the engine cannot be reached or overwritten from inside', async () => {
    const helper = join(repository, 'build/Release/sampan-helper');
    const before = hashOf(helper);
    const attack =
      'for exe in /proc/1/exe /proc/self/exe; do cat "$exe" > /dev/null; (echo broken > "$exe") 2>&1; done; readlink /proc/1/exe';
    const result = await tool(['run', '--rm', '--init', await image(), 'sh', '-c', attack]);
    expect(result.stdout.trim().split('\n').at(-1)).not.toBe(helper);
    expect(hashOf(helper)).toBe(before);
  });

  container.test('an exec process sees no descriptor, file or namespace of the engine', async () => {
    const name = uniqueName();
    await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
    const inside = JSON.parse(await ok(['exec', name, '/bin/report'])) as Report;
    const init = JSON.parse(await ok(['inspect', '--format', '{{.State.Pid}}', name])) as number;
    expect(Object.keys(inside.descriptors)).toEqual(['0', '1', '2']);
    expect(statusOf(inside, 'CapEff')).toBe(dockersCapabilities);
    for (const kind of ['user', 'mnt', 'pid', 'uts', 'ipc', 'net', 'cgroup']) {
      expect({ kind, inside: inside.namespaces[kind] }).toEqual({
        kind,
        inside: readlinkSync(`/proc/${String(init)}/ns/${kind}`),
      });
    }
    await ok(['rm', '-f', name]);
  });

  container.test('orphans are reaped with --init', async () => {
    expect(await ok(['run', '--rm', '--init', await image(), '/bin/report', 'orphans'])).toBe('zombies 0');
  });

  container.test('no more than the monitor runs beside a container', async () => {
    const name = uniqueName();
    await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
    const pid = Number(await ok(['inspect', '--format', '{{.State.Pid}}', name]));
    const monitor = Number(/\nPPid:\t(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]);
    const children = readdirSync(`/proc/${String(monitor)}/task`).flatMap((task) =>
      readFileSync(`/proc/${String(monitor)}/task/${task}/children`, 'utf8')
        .trim()
        .split(' '),
    );
    expect(children).toEqual([String(pid)]);
    await ok(['rm', '-f', name]);
  });
});

interface MountLine {
  readonly type: string;
  readonly options: readonly string[];
}

/** Mount point -> type and options of the mount on top. */
function byPoint({ mounts }: Report): Map<string, MountLine> {
  return new Map(
    mounts.map((line) => {
      const fields = line.split(' ');
      const separator = fields.indexOf('-');
      return [fields[4] ?? '', { type: fields[separator + 1] ?? '', options: (fields[5] ?? '').split(',') }];
    }),
  );
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

describe('descriptors of the engine', () => {
  // CVE-2024-21626: execve(2) resolves its path before close-on-exec takes effect. The program is static, and only outside.
  const escapes = (): readonly string[] => {
    const program = join(sandbox().directory, 'busybox');
    copyFileSync(busyboxPath ?? '', program);
    return Array.from({ length: 12 }, (_, index) => `/proc/self/fd/${String(index + 3)}/${'../'.repeat(20)}${program}`);
  };

  container.test('are no way out for the command of a container', async () => {
    const reference = await image();
    for (const path of escapes()) {
      const result = await tool(['run', '--rm', '--network', 'none', reference, path, 'echo', 'out']);
      expect(result).toMatchObject({ exitCode: 127, stdout: '' });
    }
  });

  container.test('are no way out for the command of exec', async () => {
    const name = uniqueName();
    await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
    for (const path of escapes()) {
      expect(await tool(['exec', name, path, 'echo', 'out'])).toMatchObject({ exitCode: 127, stdout: '' });
    }
    await ok(['rm', '-f', name]);
  });
});
