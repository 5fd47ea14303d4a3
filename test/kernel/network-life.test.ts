// SPDX-License-Identifier: Apache-2.0
// Containers and their networks over time: what changes while they run, what a killed netd leaves, what goes with them.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { hostAddress } from '../support/host-address.js';
import { killNetd, netdPid, withoutNetd } from '../support/netd.js';
import { poll, sleep } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, ok, stateOf, tool, uniqueName } from '../support/tool.js';

const words = ['userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun'] as const;
const container = requires(...words);
const withAddress = requires(...words, 'host-address');

/** On a network, asleep. */
const sleeper = async (...flags: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, ...flags, await image(), 'sleep', '100']);
  return name;
};

const makeNetwork = async (...flags: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok(['network', 'create', ...flags, name]);
  return name;
};

const run = (name: string, command: string): Promise<string> => ok(['exec', name, 'sh', '-c', command]);
const remove = (...names: readonly string[]): Promise<string> => ok(['rm', '-f', ...names]);

/** A server of the machine that keeps its connections open. */
class Outside implements AsyncDisposable {
  readonly sockets: Socket[] = [];
  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
    });
  }

  static async listen(): Promise<Outside> {
    const outside = new Outside(createServer());
    outside.server.listen(0, hostAddress());
    await once(outside.server, 'listening');
    return outside;
  }

  get place(): string {
    const { port } = this.server.address() as AddressInfo; // a TCP server's
    return `${hostAddress()} ${String(port)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}

describe('when netd has been killed', () => {
  container.test('a restart by the policy waits for the next one', async () => {
    const name = uniqueName();
    const once = 'test -e /second && exec sleep 100; touch /second; sleep 1';
    await ok(['run', '-d', '--restart', 'always', '--name', name, await image(), 'sh', '-c', once]);
    const gone = withoutNetd();
    await poll(async () => (await stateOf(name)).Status === 'restarting');
    await sleep(500);
    expect((await stateOf(name)).Status).toBe('restarting');
    gone[Symbol.dispose]();
    await poll(async () => (await stateOf(name)).Status === 'running');
    expect(await run(name, 'ip -4 addr show eth0')).toContain('10.');
    await remove(name);
  });

  container.test(
    'one that a command starts before the monitors do serves the containers that live on too',
    async () => {
      const name = await sleeper('--network-alias', 'before');
      for (let round = 0; round < 5; round++) {
        killNetd();
        const seen = await ok(['run', '--rm', await image(), 'ip', 'route']);
        expect(seen).toContain('default');
        await poll(async () => (await tool(['exec', name, 'busybox', 'nslookup', name])).exitCode === 0);
        const namespaces = await Promise.all(
          [name, await sleeper()].map(async (one) => {
            const text = (await ok(['inspect', '-f', '{{.State.Pid}}', one])).trim();
            return readFileSync(`/proc/${text}/uid_map`, 'utf8');
          }),
        );
        expect(namespaces[0]).toBe(namespaces[1]);
        const other = await sleeper();
        expect(await run(other, `busybox nslookup before`)).toMatch(/Address/);
        await remove(other);
      }
      await remove(...(await ok(['ps', '-q'])).split('\n').filter((id) => id !== ''));
    },
  );
});

/** What netd keeps back for leases (addon/helper/descriptor_reserve.h). */
const reserve = 128;

container.test(
  'netd may have as many descriptors as the hard limit allows, without those kept for leases',
  async () => {
    const name = await sleeper();
    const limits = readFileSync(`/proc/${String(netdPid())}/limits`, 'utf8');
    const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(limits) ?? [];
    expect(Number(soft)).toBe(Number(hard) - reserve);
    await remove(name);
  },
);

describe('connections to the outside', () => {
  withAddress.test('end when their container is killed', async () => {
    await using outside = await Outside.listen();
    const name = await sleeper();
    await ok(['exec', '-d', name, 'sh', '-c', `sleep 100 | busybox nc ${outside.place}`]);
    await poll(() => outside.sockets.length === 1);
    const [socket] = outside.sockets;
    expect(socket?.destroyed).toBe(false);
    await ok(['kill', name]);
    await poll(() => socket?.destroyed === true);
    await remove(name);
  });

  withAddress.test('end when the network is left, and a way out that remains is taken', async () => {
    await using outside = await Outside.listen();
    const other = await makeNetwork();
    const name = await sleeper();
    await ok(['network', 'connect', other, name]);
    await ok(['exec', '-d', name, 'sh', '-c', `sleep 100 | busybox nc ${outside.place}`]);
    await poll(() => outside.sockets.length === 1);
    await ok(['network', 'disconnect', 'bridge', name]);
    await poll(() => outside.sockets[0]?.destroyed === true);
    expect(await run(name, 'ip route')).toMatch(/^default via 10\.\d+\.\d+\.1 dev eth1/m);
    await ok(['exec', '-d', name, 'sh', '-c', `sleep 100 | busybox nc ${outside.place}`]);
    await poll(() => outside.sockets.length === 2);
    await remove(name);
    await ok(['network', 'rm', other]);
  });
});

describe('names', () => {
  container.test('follow a rename at once', async () => {
    const [name, other, renamed] = [await sleeper(), await sleeper(), uniqueName()];
    await ok(['rename', name, renamed]);
    expect(await run(other, `busybox nslookup ${renamed}`)).toMatch(/Address[^\n]*: 10\./);
    expect((await tool(['exec', other, 'busybox', 'nslookup', name])).exitCode).not.toBe(0);
    await remove(renamed, other);
  });

  container.test('of its own files follow connect and disconnect', async () => {
    const other = await makeNetwork('--subnet', '10.231.21.0/24');
    const name = await sleeper();
    await ok(['network', 'connect', '--ip', '10.231.21.9', other, name]);
    expect(await run(name, 'cat /etc/hosts')).toMatch(/^10\.231\.21\.9\t[0-9a-f]{12}$/m);
    await ok(['network', 'disconnect', 'bridge', name]);
    expect(await run(name, 'cat /etc/resolv.conf')).toContain('nameserver 10.231.21.1');
    await ok(['network', 'disconnect', other, name]);
    expect(await run(name, 'cat /etc/hosts')).not.toContain('10.231.21.9');
    await remove(name);
    await ok(['network', 'rm', other]);
  });
});

describe('settings of an endpoint', () => {
  container.test('--ip6 and --mac-address', async () => {
    const network = await makeNetwork('--ipv6', '--subnet', 'fd00:5a:7::/64');
    const flags = ['--network', network, '--ip6', 'fd00:5a:7::77', '--mac-address', '02:00:00:00:07:77'];
    const name = await sleeper(...flags);
    expect(await run(name, 'ip addr show eth0')).toMatch(/02:00:00:00:07:77[^]*fd00:5a:7::77\/64/);
    expect(await ok(['inspect', '-f', '{{json .NetworkSettings.Networks}}', name])).toContain('fd00:5a:7::77');
    await remove(name);
    await ok(['network', 'rm', network]);
  });

  container.test('a container that has switched IPv6 off is connected with its IPv4 address', async () => {
    const network = await makeNetwork();
    const off = ['all', 'default'].flatMap((name) => ['--sysctl', `net.ipv6.conf.${name}.disable_ipv6=1`]);
    const name = await sleeper(...off);
    await ok(['network', 'connect', network, name]);
    await ok(['network', 'disconnect', 'bridge', name]);
    const seen = await run(name, 'ip addr show eth1; ip route');
    expect(seen).toMatch(/inet 10\.[^]*default via 10\./);
    expect(seen).not.toContain('inet6');
    await remove(name);
    await ok(['network', 'rm', network]);
  });

  withAddress.test('--add-host NAME:host-gateway is the machine', async () => {
    await using outside = await Outside.listen();
    const name = await sleeper('--add-host', 'box:host-gateway');
    expect(await run(name, 'cat /etc/hosts')).toContain(`${hostAddress()}\tbox`);
    const port = outside.place.split(' ')[1] ?? '';
    await ok(['exec', '-d', name, 'sh', '-c', `sleep 100 | busybox nc box ${port}`]);
    await poll(() => outside.sockets.length === 1);
    await remove(name);
  });

  container.test('--opt host-loopback opens these ports of the machine, and no others', async () => {
    const server = createServer((socket) => socket.end('from-loopback')).listen(0, '127.0.0.1');
    const closed = createServer((socket) => socket.end('from-loopback')).listen(0, '127.0.0.1');
    await poll(() => server.listening && closed.listening);
    const [open, shut] = [server, closed].map((one) => String((one.address() as AddressInfo).port));
    const network = await makeNetwork('--opt', `host-loopback=${open ?? ''}`);
    const ask = (port: string | undefined): Promise<{ readonly stdout: string }> =>
      tool([
        'run',
        '--rm',
        '--network',
        network,
        'host',
        'busybox',
        'nc',
        '-w',
        '20',
        'host.docker.internal',
        port ?? '',
      ]);
    expect((await ask(open)).stdout).toBe('from-loopback');
    expect((await ask(shut)).stdout).toBe('');
    await ok(['network', 'rm', network]);
    server.close();
    closed.close();
  });
});

container.test('connecting once more while netd is away takes nothing off', async () => {
  const [name, network] = [await sleeper(), uniqueName()];
  await ok(['network', 'create', network]);
  await ok(['network', 'connect', network, name]);
  const addresses = ['inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name];
  const before = await ok(addresses);
  const away = withoutNetd();
  expect((await tool(['network', 'connect', network, name])).exitCode).not.toBe(0);
  away[Symbol.dispose]();
  expect(await ok(addresses)).toBe(before);
  await ok(['rm', '-f', name]);
  await ok(['network', 'rm', network]);
});
