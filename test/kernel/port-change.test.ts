// SPDX-License-Identifier: Apache-2.0
// port add and port rm: at once, for good, all or nothing.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { freePort } from '../support/free-port.js';
import { killNetd, withoutNetd } from '../support/netd.js';
import { poll } from '../support/poll.js';
import { echoPort, portOf, refused, sendDatagram, serve, talk } from '../support/published.js';
import { requires } from '../support/requires.js';
import { ok, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'dev-net-tun', 'python3');

const answers = async (port: number): Promise<boolean> =>
  (await talk('127.0.0.1', port).catch(() => undefined))?.client.startsWith('10.') === true;

const bindings = async (name: string): Promise<unknown> =>
  JSON.parse(await ok(['inspect', '-f', '{{json .HostConfig.PortBindings}}', name]));

container.test('a port that is added answers at once, TCP and UDP, and port, ps and inspect show it', async () => {
  const name = await serve();
  const port = String(await freePort());
  const added = await ok([
    'port',
    'add',
    name,
    '-p',
    `127.0.0.1:${port}:${echoPort}`,
    '-p',
    `127.0.0.1::${echoPort}/udp`,
  ]);
  expect(added).toMatch(new RegExp(`^7000/tcp -> 127.0.0.1:${port}\n7000/udp -> 127.0.0.1:\\d+$`));
  expect(await answers(Number(port))).toBe(true);
  expect(await sendDatagram('127.0.0.1', await portOf(name, `${echoPort}/udp`), 5)).toMatch(/ 5$/);
  expect(await ok(['port', name])).toBe(added);
  expect(await ok(['ps', '-f', `name=${name}`, '--format', '{{.Ports}}'])).toContain(`127.0.0.1:${port}->7000/tcp`);
  expect(await bindings(name)).toMatchObject({ '7000/tcp': [{ HostIp: '127.0.0.1', HostPort: port }] });
  await ok(['rm', '-f', name]);
});

container.test('a port that is taken back refuses, its connections end, and others stay', async () => {
  const [first, second] = [await freePort(), await freePort()].map(String);
  const name = await serve('-p', `${first}:${echoPort}`, '-p', `${second}:${echoPort}`);
  const open = connect(Number(first), '127.0.0.1');
  await once(open, 'data');
  const ended = once(open, 'end').catch((error: unknown) => error);
  await ok(['port', 'rm', name, '-p', `${first}:${echoPort}`]);
  expect(String(await ended)).toContain('ECONNRESET');
  expect(String(await refused(Number(first)))).toContain('ECONNREFUSED');
  expect(await answers(Number(second))).toBe(true);
  expect(await ok(['port', name])).not.toContain(first);
  expect(await bindings(name)).toEqual({ '7000/tcp': [{ HostIp: '', HostPort: second }] });
  await ok(['port', 'rm', name, '-p', echoPort]);
  expect(await ok(['port', name])).toBe('');
  await ok(['rm', '-f', name]);
});

container.test('what was added and taken back stays so when netd is killed, and over stop and start', async () => {
  const [old, added] = [await freePort(), await freePort()];
  const name = await serve('-p', `127.0.0.1:${String(old)}:${echoPort}`);
  await ok(['port', 'add', name, '-p', `127.0.0.1:${String(added)}:${echoPort}`]);
  await ok(['port', 'rm', name, '-p', `${String(old)}:${echoPort}`]);
  killNetd();
  await poll(() => answers(added));
  expect(String(await refused(old))).toContain('ECONNREFUSED');
  await ok(['stop', '-t', '0', name]);
  await ok(['start', name]);
  await poll(() => answers(added));
  expect(String(await refused(old))).toContain('ECONNREFUSED');
  await ok(['rm', '-f', name]);
});

container.test('ports can be added while netd is away', async () => {
  const name = await serve();
  killNetd();
  await ok(['port', 'add', name, '-p', echoPort]);
  expect(await answers(await portOf(name))).toBe(true);
  await ok(['rm', '-f', name]);
});

const listens = (server: Server, port: number): Promise<boolean> =>
  once(server.listen(port, '127.0.0.1'), 'listening').then(
    () => true,
    () => false,
  );

container.test('a port that somebody took while netd was away is lost, the others are not', async () => {
  const [taken, kept] = [await freePort(), await freePort()];
  const published = [taken, kept].flatMap((port) => ['-p', `127.0.0.1:${String(port)}:${echoPort}`]);
  const name = await serve(...published);
  const other = createServer((socket) => socket.end('other\n')).unref();
  {
    using _away = withoutNetd();
    // netd's lock may be free some moments before its ports are: both are closed as it ends
    await poll(() => listens(other, taken));
  }
  await poll(() => answers(kept));
  expect(await talk('127.0.0.1', taken)).toMatchObject({ client: 'other' });
  other.close();
  await ok(['rm', '-f', name]);
});

container.test('ports go along when another network leads out, and come back with a way out', async () => {
  const port = await freePort();
  const [name, network] = [await serve('-p', `127.0.0.1:${String(port)}:${echoPort}`), uniqueName()];
  const shown = await ok(['port', name]);
  await ok(['network', 'create', network]);
  await ok(['network', 'connect', network, name]);
  await ok(['network', 'disconnect', 'bridge', name]);
  expect(await answers(port)).toBe(true);
  expect(await ok(['port', name])).toBe(shown);
  await ok(['network', 'disconnect', network, name]);
  expect(String(await refused(port))).toContain('ECONNREFUSED');
  expect(await ok(['port', name])).toBe('');
  await ok(['network', 'connect', network, name]);
  expect(await answers(port)).toBe(true);
  expect(await ok(['port', name])).toBe(shown);
  await ok(['rm', '-f', name]);
  await ok(['network', 'rm', network]);
});

container.test('what is added to a container that does not run is published by its start', async () => {
  const name = await serve('-p', '81');
  await ok(['stop', '-t', '0', name]);
  expect(await ok(['port', 'add', name, '-p', echoPort])).toBe('');
  await ok(['port', 'rm', name, '-p', '81']);
  await ok(['start', name]);
  await poll(async () => answers(await portOf(name)));
  expect(await ok(['port', name])).not.toContain('81/tcp');
  await ok(['rm', '-f', name]);
});

container.test('when one of several ports cannot be had, none is added, and the error names it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const taken = String((server.address() as AddressInfo).port); // a TCP server's
  const name = await serve();
  const free = String(await freePort());
  const failing: readonly (readonly [string, string])[] = [
    [`127.0.0.1:${taken}:80`, `port is already allocated: 127.0.0.1:${taken}/tcp`],
    ['1:80', 'ip_unprivileged_port_start'],
    ['203.0.113.9::80', '203.0.113.9'],
  ];
  for (const [wanted, message] of failing) {
    const result = await tool(['port', 'add', name, '-p', `127.0.0.1:${free}:80`, '-p', wanted]);
    expect(result).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining(message) });
  }
  expect(await ok(['port', name])).toBe('');
  expect(await bindings(name)).toEqual({});
  expect(String(await refused(Number(free)))).toContain('ECONNREFUSED');
  server.close();
  await ok(['rm', '-f', name]);
});

container.test('a port of its own or of another container is named as such', async () => {
  const [one, other] = [await serve('-p', `127.0.0.1::${echoPort}`), await serve()];
  const port = String(await portOf(one));
  for (const name of [one, other]) {
    const result = await tool(['port', 'add', name, '-p', `127.0.0.1:${port}:${echoPort}`]);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`the container ${one}`) });
  }
  await ok(['rm', '-f', one, other]);
});

container.test('bad input is an error that says what to do', async () => {
  const name = uniqueName('ports');
  await ok(['run', '-d', '--name', name, '--network', 'host', 'host', 'sleep', '100']);
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['port', 'add', name], 'requires -p'],
    [['port', 'add', name, '-p', '70000'], '70000'],
    [['port', 'add', name, '-p', '80'], 'network mode host'],
    [['port', 'rm', name, '-p', '80'], '80/tcp'],
    [['port', 'add', 'nobody', '-p', '80'], 'nobody'],
  ];
  for (const [args, message] of cases) {
    const result = await tool(args);
    expect(result.exitCode).toBeGreaterThan(0);
    expect(result.stderr).toContain(message);
  }
  await ok(['rm', '-f', name]);
});

container.test('one port of the host leads to the container at several addresses of the host', async () => {
  const port = String(await freePort());
  const name = await serve('-p', `127.0.0.1:${port}:${echoPort}`);
  await ok(['port', 'add', name, '-p', `127.0.0.2:${port}:${echoPort}`]);
  expect(await ok(['port', name])).toBe(`7000/tcp -> 127.0.0.1:${port}\n7000/tcp -> 127.0.0.2:${port}`);
  const again = await tool(['port', 'add', name, '-p', `127.0.0.2:${port}:${echoPort}`]);
  expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`127.0.0.2:${port}/tcp`) });
  await ok(['rm', '-f', name]);
});

container.test('a port that rests, because no network leads out, can be taken back', async () => {
  const [name, network] = [await serve('-p', `127.0.0.1::${echoPort}`), uniqueName()];
  await ok(['network', 'create', '--internal', network]);
  await ok(['network', 'connect', network, name]);
  await ok(['network', 'disconnect', 'bridge', name]);
  await ok(['port', 'rm', name, '-p', echoPort]);
  expect(await bindings(name)).toEqual({});
  await ok(['network', 'connect', 'bridge', name]);
  expect(await ok(['port', name])).toBe('');
  await ok(['rm', '-f', name]);
  await ok(['network', 'rm', network]);
});
