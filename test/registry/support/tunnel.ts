// SPDX-License-Identifier: Apache-2.0
// An HTTP proxy that tunnels (CONNECT, RFC 9110 9.3.6) and remembers for whom.

import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { close, listen } from './listen.js';

export interface Tunnel extends AsyncDisposable {
  readonly name: string;
  readonly targets: string[];
  readonly authorizations: (string | undefined)[];
}

export const startTunnel = async (): Promise<Tunnel> => {
  const server = createServer();
  const sockets = new Set<Socket>();
  const targets: string[] = [];
  const authorizations: (string | undefined)[] = [];
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (request, client) => {
    targets.push(request.url ?? '');
    authorizations.push(request.headers['proxy-authorization']);
    const { hostname, port } = new URL(`http://${request.url ?? ''}`);
    const upstream = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
  });
  const port = await listen(server);
  return {
    name: `127.0.0.1:${String(port)}`,
    targets,
    authorizations,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
};
