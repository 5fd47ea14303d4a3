// SPDX-License-Identifier: Apache-2.0
// Published ports, seen from the host: what is passed, who the container thinks is calling, and what cannot be had.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { freePort } from '../support/free-port.js';
import { hostAddress } from '../support/host-address.js';
import { poll } from '../support/poll.js';
import { echoPort, portOf, refused, sendDatagram, serve, talk } from '../support/published.js';
import { requires } from '../support/requires.js';
import { ok, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'dev-net-tun', 'python3');
const withAddress = requires('subids', 'overlay-in-userns', 'dev-net-tun', 'python3', 'host-address');

const withIpv6 = requires('subids', 'overlay-in-userns', 'dev-net-tun', 'python3', 'ipv6-loopback');

const inside = echoPort;
const gateway = /^10\.\d+\.0\.1$/;

container.test('a published port passes bytes both ways, to the end of each direction', async () => {
  const name = await serve('-p', inside);
  const data = randomBytes(16 * 1024 * 1024);
  const answer = await talk('127.0.0.1', await portOf(name), data);
  const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  expect(hash(answer.data)).toBe(hash(data));
  // The host's loopback cannot be carried over.
  expect(answer.client).toMatch(gateway);
  await ok(['rm', '-f', name]);
});

container.test('a published UDP port answers, datagrams of every size', async () => {
  const name = await serve('-p', `${inside}/udp`);
  const port = await portOf(name, `${inside}/udp`);
  for (const size of [0, 1, 1472, 9000, 65_000]) {
    expect(await sendDatagram('127.0.0.1', port, size)).toMatch(new RegExp(`^10\\.\\d+\\.0\\.1 ${String(size)}$`));
  }
  await ok(['rm', '-f', name]);
});

withAddress.test('the container sees the address of its client, TCP and UDP', async () => {
  const address = hostAddress() ?? '';
  const name = await serve('-p', inside, '-p', `${inside}/udp`);
  expect(await talk(address, await portOf(name))).toMatchObject({ client: address });
  expect(await sendDatagram(address, await portOf(name, `${inside}/udp`), 5)).toBe(`${address} 5`);
  await ok(['rm', '-f', name]);
});

// localhost is ::1 first on most machines, and a connection that was accepted is not tried again with 127.0.0.1.
withIpv6.test(
  'a server that listens at IPv4 addresses only is reached at the IPv6 addresses of the host too',
  async () => {
    const name = await serve('-p', inside, '-p', `${inside}/udp`);
    const data = Buffer.from('question');
    expect(await talk('::1', await portOf(name), data)).toEqual({ client: expect.stringMatching(gateway), data });
    expect(await sendDatagram('::1', await portOf(name, `${inside}/udp`), 5)).toMatch(/ 5$/);
    await ok(['rm', '-f', name]);
  },
);

container.test('many connections at once', async () => {
  const name = await serve('-p', inside);
  const port = await portOf(name);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => talk('127.0.0.1', port, Buffer.from(String(index)))),
  );
  expect(answers.map(({ data }) => data.toString())).toEqual(answers.map((_, index) => String(index)));
  await ok(['rm', '-f', name]);
});

container.test('an address of the host limits who can connect, and ps, port and inspect say where', async () => {
  const name = await serve('-p', `127.0.0.1::${inside}`, '--expose', '81');
  const port = String(await portOf(name));
  expect(await ok(['port', name])).toBe(`${inside}/tcp -> 127.0.0.1:${port}`);
  expect(await ok(['ps', '-f', `name=${name}`, '--format', '{{.Ports}}'])).toBe(
    `81/tcp, 127.0.0.1:${port}->${inside}/tcp`,
  );
  expect(JSON.parse(await ok(['inspect', '-f', '{{json .NetworkSettings.Ports}}', name]))).toEqual({
    '81/tcp': null,
    [`${inside}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: port }],
  });
  await ok(['rm', '-f', name]);
});

container.test('-p without --network publishes from the network bridge', async () => {
  const name = uniqueName('ports');
  await ok(['run', '-d', '--name', name, '-p', '80', 'host', 'sleep', '100']);
  expect(await ok(['inspect', '-f', '{{.HostConfig.NetworkMode}}', name])).toBe('bridge');
  expect(await portOf(name, '80')).toBeGreaterThan(0);
  await ok(['rm', '-f', name]);
});

container.test('-P publishes what is exposed', async () => {
  const name = await serve('-P', '--expose', inside);
  expect((await talk('127.0.0.1', await portOf(name))).client).toMatch(gateway);
  await ok(['rm', '-f', name]);
});

container.test('of a range the first free port is taken', async () => {
  const first = await freePort();
  const range = `${String(first)}-${String(first + 20)}:${inside}`;
  const [one, two] = [await serve('-p', range), await serve('-p', range)];
  const [portOne, portTwo] = [await portOf(one), await portOf(two)];
  expect(portOne).toBeGreaterThanOrEqual(first);
  expect(portTwo).toBeGreaterThan(portOne);
  expect(portTwo).toBeLessThanOrEqual(first + 20);
  await ok(['rm', '-f', one, two]);
});

container.test('a port that another container has is an error that names both, and nothing is left', async () => {
  const name = await serve('-p', `127.0.0.1::${inside}`);
  const port = String(await portOf(name));
  const wanted = `127.0.0.1:${port}:80`;
  const result = await tool(['run', '--rm', '--network', 'bridge', '-p', wanted, 'host', 'true']);
  expect(result.exitCode).toBe(125);
  expect(result.stderr).toContain(`port is already allocated: 127.0.0.1:${port}/tcp`);
  expect(result.stderr).toContain(`the container ${name} has it`);
  expect(await ok(['ps', '-aq'])).toHaveLength(12);
  await ok(['rm', '-f', name]);
});

container.test('a port that another program has is an error, before the container runs', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server's
  const wanted = `127.0.0.1:${String(port)}:80`;
  const result = await tool(['run', '--rm', '--network', 'bridge', '-p', wanted, 'host', 'echo', 'ran']);
  expect(result).toMatchObject({ exitCode: 125, stdout: '', stderr: expect.stringContaining(`:${String(port)}/tcp`) });
  server.close();
});

container.test(
  'a port below 1024 is an error that names the setting, an address the host lacks one that names it',
  async () => {
    const low = await tool(['run', '--rm', '--network', 'bridge', '-p', '1:80', 'host', 'true']);
    expect(low).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('ip_unprivileged_port_start') });
    const foreign = await tool(['run', '--rm', '--network', 'bridge', '-p', '203.0.113.9::80', 'host', 'true']);
    expect(foreign).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('203.0.113.9') });
  },
);

container.test('when a container stops, its connections and its port go; a start brings the port back', async () => {
  const port = await freePort();
  const name = await serve('-p', `127.0.0.1:${String(port)}:${inside}`);
  const open = connect(port, '127.0.0.1');
  await once(open, 'data');
  const ended = once(open, 'close');
  open.on('error', () => undefined);
  await ok(['stop', '-t', '0', name]);
  await ended;
  await poll(async () => String(await refused(port)).includes('ECONNREFUSED'));
  expect(await ok(['port', name])).toBe('');
  await ok(['start', name]);
  await poll(async () => (await talk('127.0.0.1', port).catch(() => undefined))?.client.startsWith('10.') === true);
  await ok(['rm', '-f', name]);
});

container.test('a port of the container where nobody listens resets its client', async () => {
  const name = await serve('-p', '99');
  expect(String(await refused(await portOf(name, '99')))).toContain('ECONNRESET');
  await ok(['rm', '-f', name]);
});
