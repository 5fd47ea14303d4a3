// SPDX-License-Identifier: Apache-2.0
// The echo server behind published ports (echo-server.py), and clients of it.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { repository } from './paths.js';
import { poll } from './poll.js';
import { ok, uniqueName } from './tool.js';

/** of echo-server.py, TCP and UDP */
export const echoPort = '7000';

/** Starts the echo server with these options; gives its name once it listens. */
export const serve = async (...options: readonly string[]): Promise<string> => {
  const name = uniqueName('ports');
  const support = join(repository, 'test/support');
  const args = ['-d', '--name', name, '--network', 'bridge', '-v', `${support}:/support:ro`, ...options];
  await ok(['run', ...args, 'host', 'python3', '/support/echo-server.py']);
  await poll(async () => (await ok(['logs', name])) === 'ready');
  return name;
};

export const portOf = async (name: string, port = echoPort): Promise<number> =>
  Number(/:(\d+)$/m.exec(await ok(['port', name, port]))?.[1]);

/** Sends and ends; gives the address line and all that came back. */
export const talk = async (host: string, port: number, data = Buffer.alloc(0)) => {
  const socket = connect({ host, port, allowHalfOpen: true });
  socket.end(data);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const all = Buffer.concat(chunks);
  const end = all.indexOf('\n');
  return { client: all.subarray(0, end).toString(), data: all.subarray(end + 1) };
};

export const sendDatagram = async (host: string, port: number, size: number): Promise<string> => {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.send(Buffer.alloc(size), port, host);
    const [message] = (await once(socket, 'message', { signal: AbortSignal.timeout(5000) })) as [Buffer];
    return message.toString();
  } finally {
    socket.close();
  }
};

export const refused = async (port: number, host = '127.0.0.1'): Promise<unknown> =>
  talk(host, port).catch((error: unknown) => error);
