// SPDX-License-Identifier: Apache-2.0
// Connections that move much are handed over to the kernel. Counted, not timed.

import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { askNetd } from '../../lib/network/netd.js';
import { hostAddress } from '../support/host-address.js';
import { native } from '../support/native.js';
import { killNetd, netdPid } from '../support/netd.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, ok, sandbox, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun', 'host-address');

/** How many connections the netd of now has handed over. */
const promoted = async (): Promise<number> => {
  const roots = join(sandbox().directory, 'run/sampan');
  const found = readdirSync(roots, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('/netd'));
  const state = await askNetd(native, dirname(join(roots, found ?? '-')), { type: 'netList' });
  if (state?.type !== 'netState') throw new Error('netd does not answer');
  const { networks } = JSON.parse(state.json) as { networks: { promoted: number }[] }; // netd_state.h
  return networks.reduce((sum, network) => sum + network.promoted, 0);
};

/** Sends a file out of the container; the sums of what was sent and of what came. */
const sendOut = async (name: string, megabytes: number): Promise<readonly string[]> => {
  const hash = createHash('sha256');
  const ended = new EventEmitter();
  const server = createServer((socket) => {
    socket.on('data', (data) => hash.update(data));
    socket.on('end', () => ended.emit('end'));
  });
  server.listen(0, hostAddress());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server's
  const make = `dd if=/dev/urandom of=/tmp/f bs=1M count=${String(megabytes)} 2>/dev/null; sha256sum /tmp/f`;
  const sum = await ok(['exec', name, 'sh', '-c', make]);
  const send = `busybox nc ${hostAddress()} ${String(port)} < /tmp/f`;
  await Promise.all([ok(['exec', name, 'sh', '-c', send]), once(ended, 'end')]);
  server.close();
  return [sum.slice(0, 64), hash.digest('hex')];
};

describe('a connection of a container', () => {
  container.test('that moves much is handed over to the kernel, by the next netd, too', async () => {
    const name = uniqueName();
    await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
    expect(await promoted()).toBe(0);
    const [sent, came] = await sendOut(name, 30);
    expect(came).toBe(sent);
    expect(await promoted()).toBe(1);
    const before = netdPid();
    killNetd();
    await poll(() => netdPid() !== undefined && netdPid() !== before);
    await poll(async () => (await promoted().catch(() => -1)) === 0);
    const [sentAgain, cameAgain] = await sendOut(name, 30);
    expect(cameAgain).toBe(sentAgain);
    expect(await promoted()).toBe(1);
    await ok(['rm', '-f', name]);
  });

  container.test('that moves little is not', async () => {
    const name = uniqueName();
    await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
    const before = await promoted();
    const server = createServer((socket) => socket.end('little'));
    server.listen(0, hostAddress());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // a TCP server's
    const text = await ok(['exec', name, 'sh', '-c', `busybox nc ${hostAddress()} ${String(port)} < /dev/null`]);
    server.close();
    expect(text).toBe('little');
    expect(await promoted()).toBe(before);
    await ok(['rm', '-f', name]);
  });
});
