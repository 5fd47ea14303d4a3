// SPDX-License-Identifier: Apache-2.0
// Servers of tests, on a free port, as promises.

import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';

/** The port. */
export const listen = async (server: Server, address = '127.0.0.1'): Promise<number> => {
  server.listen(0, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port; // it listens on TCP
};

export const close = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  await closed;
};

/** Connections that are open are cut. */
export const closeNow = async (server: HttpServer): Promise<void> => {
  server.closeAllConnections();
  await close(server);
};
