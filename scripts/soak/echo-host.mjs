// SPDX-License-Identifier: Apache-2.0
// The other end on the host: echoes TCP and UDP at one port; and the clients of published ports.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { randomBytes, randomInt } from 'node:crypto';

/** @returns the port, TCP and UDP */
export const serveEcho = async (address) => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address();
  const datagrams = createSocket('udp4');
  datagrams.on('message', (message, { port: from, address: to }) => datagrams.send(message, from, to));
  datagrams.bind(port, address);
  await once(datagrams, 'listening');
  server.unref();
  datagrams.unref();
  return port;
};

/** Sends, ends, and reads to the end: the first line of echo-server.py is the client's address, the rest what was sent. */
export const transfer = async (port, size = randomInt(1, 500_000)) => {
  const data = randomBytes(size);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.setTimeout(20_000, () => socket.destroy(new Error('time-out')));
  socket.end(data);
  const chunks = [];
  for await (const chunk of socket) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  if (!all.subarray(all.indexOf('\n') + 1).equals(data)) throw new Error('other bytes came back');
};

export const datagram = async (port) => {
  const socket = createSocket('udp4');
  try {
    const size = randomInt(1, 9000);
    socket.send(Buffer.alloc(size), port, '127.0.0.1');
    const [message] = await once(socket, 'message', { signal: AbortSignal.timeout(5000) });
    if (!message.toString().endsWith(` ${String(size)}`)) throw new Error('another datagram came back');
  } finally {
    socket.close();
  }
};

/** Connections that nothing is sent on for long. */
export class IdleClients {
  #sockets = new Set();

  constructor(port, count) {
    this.port = port;
    this.count = count;
  }

  async fill() {
    while (this.#sockets.size < this.count) {
      const socket = connect(this.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      await once(socket, 'data');
      this.#sockets.add(socket);
    }
  }

  /** How many still answer. */
  async alive() {
    const answers = [...this.#sockets].map(async (socket) => {
      socket.write('x');
      return once(socket, 'data', { signal: AbortSignal.timeout(5000) }).then(
        () => true,
        () => false,
      );
    });
    return (await Promise.all(answers)).filter(Boolean).length;
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
  }
}
