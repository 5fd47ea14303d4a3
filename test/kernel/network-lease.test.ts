// SPDX-License-Identifier: Apache-2.0
// What netd holds for a container that is about to be born, and for one whose monitor is gone before that.

import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { frameType } from '../../lib/native/protocol.js';
import { freePort } from '../support/free-port.js';
import { monitorOf } from '../support/monitor.js';
import { Collector, native } from '../support/native.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun');

/** A connection to the sandbox's netd. */
const connectToNetd = (): Collector => {
  const roots = join(sandbox().directory, 'run/sampan');
  const socket =
    readdirSync(roots, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('/netd')) ?? '-';
  return new Collector(native.seqpacketConnect(dirname(join(roots, socket)), 'netd'));
};

/** A frame without descriptors and numbers (addon/protocol/frames.h). */
const frame = (type: number, text = ''): Buffer => {
  const header = Buffer.alloc(16);
  header.writeUInt16LE(type);
  return Buffer.concat([header, Buffer.from(text)]);
};

const typeOf = (message: Buffer | undefined): number | undefined => message?.readUInt16LE();

const network = 'e'.repeat(64);
const describeLease = (port: number): string =>
  [
    `container ${'c'.repeat(64)}`,
    `network ${network} 1500 0`,
    'gateway 10.99.77.1/24',
    'endpoint eth0 02:42:0a:63:4d:02 1',
    'address 10.99.77.2/24',
    `publish tcp 127.0.0.1 ${String(port)}-${String(port)} 80`,
    '',
  ].join('\n');

const networksOf = async (): Promise<string> => {
  const asking = connectToNetd();
  asking.channel.send(frame(frameType.netList));
  await asking.until(() => asking.messages.length > 0);
  asking.channel.close();
  return asking.messages[0]?.subarray(16).toString() ?? '';
};

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer().listen(port, '127.0.0.1');
  const outcome = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]).catch(() => false);
  server.close();
  return outcome;
};

describe('a lease', () => {
  container.test(
    'has its network and its ports while the container is cloned, and nothing once its monitor is gone',
    async () => {
      const holder = uniqueName();
      await ok(['run', '-d', '--name', holder, await image(), 'sleep', '100']);
      const port = await freePort();
      const monitor = connectToNetd();
      monitor.channel.send(frame(frameType.netEnter, describeLease(port)));
      await monitor.until(() => monitor.messages.length > 0);
      expect(typeOf(monitor.messages[0])).toBe(frameType.netEntered);
      expect(await networksOf()).toContain(network);
      expect(await isFree(port)).toBe(false);
      monitor.channel.close();
      await poll(() => isFree(port));
      await ok(['rm', '-f', holder]);
    },
  );
});

container.test(
  'a lease that netd has ended, because its monitor did not listen, is resumed with all it had',
  async () => {
    const name = uniqueName();
    await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
    const id = await ok(['inspect', '-f', '{{.Id}}', name]);
    const monitor = monitorOf(name) ?? 0;
    process.kill(monitor, 'SIGSTOP');
    try {
      const asking = connectToNetd();
      // Each tells the monitor something new, until there is no room for more.
      for (let answers = 1; typeOf(asking.messages.at(-1)) !== frameType.netFailed; answers++) {
        asking.channel.send(frame(frameType.netRename, `container ${id}\nhostname ${name}\n`));
        await asking.until(() => asking.messages.length === answers);
      }
      asking.channel.close();
    } finally {
      process.kill(monitor, 'SIGCONT');
    }
    await poll(async () => (await tool(['exec', name, 'busybox', 'nslookup', name])).exitCode === 0);
    await ok(['rm', '-f', name]);
  },
);
