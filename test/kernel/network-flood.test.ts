// SPDX-License-Identifier: Apache-2.0
// One container that sends garbage at full rate, and what others notice of it.

import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { hostAddress } from '../support/host-address.js';
import { netdPid } from '../support/netd.js';
import { repository } from '../support/paths.js';
import { requires } from '../support/requires.js';
import { ok, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'dev-net-tun');

const support = ['-v', `${join(repository, 'test/support')}:/support:ro`];
const floodSeconds = 12;
const requests = 40;

/** Opens one connection after the other, and asks for a name each time; prints how many were answered. */
const askOften = `
import socket, sys
answered = 0
for _ in range(${String(requests)}):
    try:
        socket.getaddrinfo(sys.argv[3], None)
        with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as connection:
            connection.settimeout(10)
            connection.sendall(b"question")
            answered += connection.recv(100) == b"answer"
    except OSError as error:
        print(error, file=sys.stderr)
print(answered)
`;

describe('while a container floods its network', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('answer'));
    });
    server.listen(0, hostAddress());
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
  });

  container.test(
    'every request of another one is answered, and netd lives on',
    async () => {
      const [flooder, other] = [uniqueName('flood'), uniqueName('other')];
      const flood = ['python3', '/support/flood.py', hostAddress() ?? '', String(floodSeconds)];
      await ok(['run', '-d', '--name', flooder, '--network', 'bridge', ...support, 'host', ...flood]);
      const netd = netdPid();
      const { port } = server.address() as AddressInfo; // a TCP server's
      const ask = ['python3', '-c', askOften, hostAddress() ?? '', String(port), flooder];
      const asked = await tool(['run', '--rm', '--name', other, '--network', 'bridge', 'host', ...ask]);
      expect(asked).toMatchObject({ exitCode: 0, stdout: `${String(requests)}\n` });
      expect(await ok(['wait', flooder])).toBe('0');
      expect(Number(await ok(['logs', flooder]))).toBeGreaterThan(1000);
      expect(netdPid()).toBe(netd);
      await ok(['rm', '-f', flooder]);
    },
    90_000,
  );
});
