// SPDX-License-Identifier: Apache-2.0
// Networks of containers: addresses, names, the way out, and what is left when things end early.

import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { hostAddress } from '../support/host-address.js';
import { netdPid } from '../support/netd.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const words = ['userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun'] as const;
const container = requires(...words);
const withAddress = requires(...words, 'host-address');

const startWeb = async (name: string, network: string, ...flags: readonly string[]): Promise<void> => {
  const serve = 'mkdir -p /tmp/w; echo from-$HOSTNAME-$0 > /tmp/w/index.html; exec busybox httpd -f -p 80 -h /tmp/w';
  await ok(['run', '-d', '--name', name, '--network', network, ...flags, await image(), 'sh', '-c', serve, name]);
};

/** One HTTP request from a new container; what the server said. */
const fetchFrom = async (network: string, url: string): Promise<string> =>
  ok(['run', '--rm', '--network', network, await image(), 'sh', '-c', request(url)]);

/** Through nc, because busybox's wget needs libraries for names. */
const request = (url: string): string => {
  const { hostname, port, pathname } = new URL(url);
  const ask = `printf 'GET ${pathname} HTTP/1.0\\r\\n\\r\\n'; sleep 1`;
  return `(${ask}) | busybox nc -w 5 ${hostname} ${port === '' ? '80' : port}`;
};

const addressOf = (name: string): Promise<string> =>
  ok(['inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name]).then((text) => text.trim());

describe('a container on a network', () => {
  container.test('has an address, a gateway and a name server', async () => {
    const text = await ok([
      ...['run', '--rm', '--network', 'bridge', await image()],
      ...['sh', '-c', 'ip -4 addr show eth0; ip route; cat /etc/resolv.conf /etc/hosts'],
    ]);
    expect(text).toMatch(/inet 10\.\d+\.\d+\.\d+\/16/);
    expect(text).toMatch(/default via 10\.\d+\.0\.1 dev eth0/);
    expect(text).toMatch(/nameserver 10\.\d+\.0\.1/);
    expect(text).toMatch(/10\.\d+\.\d+\.\d+\t[0-9a-f]{12}\n/);
  });

  container.test('reaches another one by address, name and alias', async () => {
    const [network, name] = [uniqueName(), uniqueName()];
    await ok(['network', 'create', network]);
    await startWeb(name, network, '--network-alias', 'www');
    expect(await fetchFrom(network, `http://${await addressOf(name)}/`)).toContain(name);
    const seen = await ok([
      ...['run', '--rm', '--network', network, await image(), 'sh', '-c'],
      `for n in ${name} www WWW; do busybox nslookup $n; done`,
    ]);
    expect(seen.split(await addressOf(name)).length).toBeGreaterThan(3);
    await ok(['rm', '-f', name]);
    await ok(['network', 'rm', network]);
  });

  container.test('does not reach containers of other networks', async () => {
    const [one, other, name] = [uniqueName(), uniqueName(), uniqueName()];
    await ok(['network', 'create', one]);
    await ok(['network', 'create', other]);
    await startWeb(name, one);
    const command = request(`http://${await addressOf(name)}/`);
    const { stdout } = await tool(['run', '--rm', '--network', other, await image(), 'sh', '-c', command]);
    await ok(['rm', '-f', name]);
    await ok(['network', 'rm', one, other]);
    expect(stdout).not.toContain(name);
  });

  container.test('keeps the address and MAC it asked for, and nobody else gets them', async () => {
    const [network, name] = [uniqueName(), uniqueName()];
    await ok(['network', 'create', '--subnet', '10.231.7.0/24', network]);
    const flags = ['--ip', '10.231.7.77', '--mac-address', '02:00:00:00:00:77'];
    await ok(['run', '-d', '--name', name, '--network', network, ...flags, await image(), 'sleep', '100']);
    const shown = await ok(['exec', name, 'ip', 'addr', 'show', 'eth0']);
    expect(shown).toContain('10.231.7.77/24');
    expect(shown).toContain('02:00:00:00:00:77');
    const second = await tool(['run', '--rm', '--network', network, '--ip', '10.231.7.77', await image(), 'true']);
    expect(second).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('10.231.7.77') });
    await ok(['rm', '-f', name]);
    await ok(['network', 'rm', network]);
  });

  container.test('shares it with --network container:NAME', async () => {
    const name = uniqueName();
    await startWeb(name, 'bridge');
    expect(await fetchFrom(`container:${name}`, 'http://127.0.0.1/')).toContain(name);
    await ok(['rm', '-f', name]);
  });
});

describe('the way out', () => {
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    server = createServer((_, response) => response.end('from-the-host'));
    await new Promise<void>((resolve) => {
      server.listen(0, hostAddress(), resolve);
    });
    const bound = server.address();
    port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  });
  afterAll(async () => {
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });

  withAddress.test('leads to servers outside', async () => {
    expect(await fetchFrom('bridge', `http://${hostAddress() ?? ''}:${String(port)}/`)).toContain('from-the-host');
  });

  withAddress.test('is closed in an internal network', async () => {
    const network = uniqueName();
    await ok(['network', 'create', '--internal', network]);
    const command = `busybox nc -w 2 ${hostAddress()} ${String(port)} </dev/null`;
    const { exitCode } = await tool(['run', '--rm', '--network', network, await image(), 'sh', '-c', command]);
    expect(exitCode).not.toBe(0);
    await ok(['network', 'rm', network]);
  });
});

describe('a running container', () => {
  container.test('is connected to another network and taken off it', async () => {
    const [network, name] = [uniqueName(), uniqueName()];
    await ok(['network', 'create', network]);
    await startWeb(name, 'bridge');
    await ok(['network', 'connect', '--alias', 'late', network, name]);
    expect(await ok(['exec', name, 'ip', 'addr'])).toContain('eth1');
    const seen = await ok(['run', '--rm', '--network', network, await image(), 'busybox', 'nslookup', 'late']);
    expect(seen).toMatch(/Address[^\n]*: 10\.\d+\.\d+\.\d+\n/);
    expect((await tool(['network', 'connect', network, name])).exitCode).toBe(1);
    expect((await tool(['network', 'rm', network])).stderr).toContain('in use');
    await ok(['network', 'disconnect', network, name]);
    expect(await ok(['exec', name, 'ip', 'addr'])).not.toContain('eth1');
    await ok(['network', 'rm', network]);
    await ok(['rm', '-f', name]);
  });
});

describe('what is wrong is said before anything starts', () => {
  const badRuns: readonly (readonly [flags: readonly string[], text: string])[] = [
    [['--network', 'no-such-network'], 'no-such-network'],
    [['--network', 'container:no-such'], 'no-such'],
    [['--network', 'bridge', '--ip', '192.168.77.1'], '192.168.77.1'],
    [['--network', 'none', '--ip', '10.88.0.9'], '--network none'],
  ];
  for (const [flags, text] of badRuns) {
    container.test(`run ${flags.join(' ')}`, async () => {
      const result = await tool(['run', '--rm', ...flags, await image(), 'true']);
      expect(result).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(text) });
    });
  }

  const badNetworks: readonly (readonly [flags: readonly string[], text: string])[] = [
    [['--subnet', '10.88.0.0/24'], 'overlaps'],
    [['--subnet', '10.9.0.0/33'], 'invalid subnet'],
    [['--subnet', '10.9.9.0/24', '--gateway', '10.1.1.1'], 'invalid gateway'],
    [['--subnet', '10.231.9.3/24'], 'it should be 10.231.9.0/24'],
    [['--subnet', 'fd00:231::1/64'], 'it should be fd00:231::/64'],
    [['--subnet', '10.231.9.0/24', '--ip-range', '10.231.9.200/26'], 'it should be 10.231.9.192/26'],
    [['--subnet', '10.231.9.0/24', '--gateway', '10.231.9.1', '--gateway', '10.231.9.2'], 'has one already'],
    [['--driver', 'overlay'], 'overlay'],
    [['--opt', 'x=y'], 'option x'],
  ];
  for (const [flags, text] of badNetworks) {
    container.test(`network create ${flags.join(' ')}`, async () => {
      await ok(['run', '--rm', '--network', 'bridge', await image(), 'true']);
      const result = await tool(['network', 'create', ...flags, uniqueName()]);
      expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(text) });
    });
  }

  container.test('an exhausted pool', async () => {
    const [network, name] = [uniqueName(), uniqueName()];
    await ok(['network', 'create', '--subnet', '10.231.8.0/30', network]);
    await ok(['run', '-d', '--name', name, '--network', network, await image(), 'sleep', '100']);
    const second = await tool(['run', '--rm', '--network', network, await image(), 'true']);
    expect(second).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('no free address') });
    await ok(['rm', '-f', name]);
    await ok(['run', '--rm', '--network', network, await image(), 'true']);
    await ok(['network', 'rm', network]);
  });
});

describe('netd', () => {
  container.test('is started again by the monitors after kill -9, and what it held goes on', async () => {
    const [one, two] = [uniqueName(), uniqueName()];
    await startWeb(one, 'bridge');
    await ok(['run', '-d', '--name', two, '--network', 'bridge', await image(), 'sleep', '100']);
    const pid = netdPid();
    expect(pid).toBeDefined();
    process.kill(pid ?? 0, 'SIGKILL');
    await poll(() => netdPid() !== undefined && netdPid() !== pid);
    expect(await ok(['exec', two, 'sh', '-c', request(`http://${await addressOf(one)}/`)])).toContain(one);
    await poll(async () => (await tool(['exec', two, 'busybox', 'nslookup', one])).exitCode === 0);
    expect(await fetchFrom('bridge', `http://${await addressOf(one)}/`)).toContain(one);
    await ok(['rm', '-f', one, two]);
  });

  container.test('ends when nobody needs it, and leaves nothing', async () => {
    await ok(['run', '--rm', '--network', 'bridge', await image(), 'true']);
    await poll(() => netdPid() === undefined, { timeoutMs: 10_000 });
    const roots = join(sandbox().directory, 'run/sampan');
    const left = readdirSync(roots, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => !entry.isDirectory()).map(({ name }) => name)).toEqual([]);
  });
});
