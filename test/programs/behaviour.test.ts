// SPDX-License-Identifier: Apache-2.0
// What programs see of a network's failures, and protocols that need exact ends: in a container as outside of it. And
// the host's network may change below a running container.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostIp, ip, otherIp, otherIp6, runAt, startOnOther, sysctl, type Place } from '../support/machines.js';
import { requires } from '../support/requires.js';
import { echoPort, portOf, serve } from '../support/published.js';
import { ok, uniqueName } from '../support/tool.js';

const container = requires('two-machines', 'subids', 'overlay-in-userns', 'dev-net-tun', 'python3');
const script = (name: string): string => join(__dirname, name);
const python = (name: string, ...args: readonly string[]): readonly string[] => ['python3', script(name), ...args];

jest.setTimeout(120_000);

const see = async (place: Place, address: string, port: string): Promise<Record<string, unknown>> =>
  JSON.parse(await runAt(place, python('behaviour.py', 'see', address, port))) as Record<string, unknown>; // what it prints

container.test('refused, silent, unreachable, reset and ended look as they do without us', async () => {
  await using _server = await startOnOther(python('behaviour.py', 'serve', '7100'));
  await ip('host', 'route', 'add', 'unreachable', '198.51.100.77');
  await ip('host', 'route', 'add', 'throw', '203.0.113.0/24');
  const outside = await see('host', otherIp, '7100');
  const inside = await see('container', otherIp, '7100');
  expect(outside).toMatchObject({
    'nobody listens': 'ECONNREFUSED',
    'the queue is full': 'silence',
    'no such host': 'EHOSTUNREACH',
    'an unreachable network': 'ENETUNREACH',
    'UDP, nobody listens': 'ECONNREFUSED',
    'our end only': '100000',
    'sent after our end': 'EPIPE',
  });
  expect(inside).toEqual(outside);
});

const askProtocols = (address: string): readonly string[] =>
  python('protocols.py', 'ask', address, '7201', '7202', '7203');
const expectAll = async (place: Place, address: string): Promise<void> => {
  expectTrue(place, address, await runAt(place, askProtocols(address)));
};
const expectTrue = (place: Place, address: string, printed: string): void => {
  const seen = JSON.parse(printed) as object;
  for (const [what, is] of Object.entries(seen))
    expect([place, address, what, is]).toEqual([place, address, what, true]);
};
const serveProtocols = python('protocols.py', 'serve', '7201', '7202', '7203');

container.test(
  'half-close, websockets, packets as of QUIC, DNS over UDP and TCP: to another machine and to the host',
  async () => {
    await using _server = await startOnOther(serveProtocols);
    await expectAll('container', otherIp);
    const name = uniqueName('protocols');
    const args = ['-d', '--name', name, '--network', 'host', '-v', `${__dirname}:${__dirname}:ro`];
    await ok(['run', ...args, 'host', ...serveProtocols]);
    await expectAll('container', hostIp);
    await ok(['rm', '-f', name]);
  },
);

container.test('the same to another machine by IPv6, from a network that has it', async () => {
  await using _server = await startOnOther(serveProtocols);
  const network = uniqueName('six');
  await ok(['network', 'create', '--ipv6', network]);
  const args = ['--network', network, '-v', `${__dirname}:${__dirname}:ro`];
  expectTrue('container', otherIp6, await ok(['run', '--rm', ...args, 'host', ...askProtocols(otherIp6)]));
  const ping = (address: string): Promise<string> =>
    ok(['run', '--rm', ...args, 'host', ...python('ping.py', address)]);
  await sysctl('host', 'net.ipv4.ping_group_range', '0 2147483647');
  expect(await ping(otherIp)).toBe('answered');
  expect(await ping(otherIp6)).toBe('answered');
  await ip('host', 'route', 'add', 'unreachable', '2001:db8:52::/64');
  expect(await ping('2001:db8:52::1')).toBe('EHOSTUNREACH');
  await sysctl('host', 'net.ipv4.ping_group_range', '1 0');
  // "administratively prohibited" (icmp_err_convert of Linux; for IPv6 it is EACCES)
  expect(await ping(otherIp)).toBe('EHOSTUNREACH');
  expect(await ping(otherIp6)).toBe('EACCES');
  await ok(['network', 'rm', network]);
});

container.test('the same between containers, and from the host and another machine to published ports', async () => {
  const name = uniqueName('protocols');
  const publish = ['7201', '7202/udp', '7203', '7203/udp'].flatMap((port) => [
    '-p',
    `${port.split('/')[0] ?? ''}:${port}`,
  ]);
  const args = ['-d', '--name', name, '--network', 'bridge', '-v', `${__dirname}:${__dirname}:ro`, ...publish];
  await ok(['run', ...args, 'host', ...serveProtocols]);
  await expectAll('container', await ok(['inspect', '-f', '{{.NetworkSettings.IPAddress}}', name]));
  await expectAll('host', '127.0.0.1');
  await expectAll('host', hostIp);
  await expectAll('other', hostIp);
  await ok(['rm', '-f', name]);
});

container.test('the host may lose and get its addresses and routes: connections and new ones go on', async () => {
  const name = await serve('-p', `0.0.0.0:7300:${echoPort}`);
  expect(await portOf(name)).toBe(7300);
  await using _echo = await startOnOther(python('behaviour.py', 'serve', '7400'));
  // An idle connection over the change, from the container to the other machine and back to its port.
  const idle = runAt('container', python('idle.py', otherIp, '7403', '8'));
  const back = runAt('other', python('idle.py', hostIp, '7300', '8', 'greets'));
  await sleep(2500);
  await ip('host', 'route', 'del', 'default');
  await ip('host', 'address', 'del', `${hostIp}/24`, 'dev', 'wire0');
  await sleep(1000);
  await ip('host', 'address', 'add', `${hostIp}/24`, 'dev', 'wire0');
  await ip('host', 'address', 'add', '198.51.100.9/24', 'dev', 'wire0');
  await ip('host', 'route', 'add', 'default', 'via', otherIp);
  expect(await idle).toBe('alive\n');
  expect(await back).toBe('alive\n');
  expect(await runAt('container', python('idle.py', otherIp, '7403', '0'))).toBe('alive\n');
  // A published port is there at addresses that came later.
  expect(await runAt('other', python('idle.py', '198.51.100.9', '7300', '0', 'greets'))).toBe('alive\n');
  await ip('host', 'address', 'del', '198.51.100.9/24', 'dev', 'wire0');
  await ok(['rm', '-f', name]);
});

container.test('a changed resolv.conf of the host counts at once', async () => {
  await using _server = await startOnOther(python('protocols.py', 'serve', '7201', '7202', '53'));
  const path = '/etc/resolv.conf';
  const name = uniqueName('resolver');
  writeFileSync(path, 'nameserver 198.51.100.77\n');
  const args = ['-d', '--name', name, '--network', 'bridge', '-v', `${__dirname}:${__dirname}:ro`];
  await ok(['run', ...args, 'host', 'sleep', '100']);
  writeFileSync(path, `nameserver ${otherIp}\n`);
  expect(await ok(['exec', name, ...python('protocols.py', 'resolve')])).toBe('40');
  await ok(['rm', '-f', name]);
});
