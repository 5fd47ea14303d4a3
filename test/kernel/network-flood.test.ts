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

const words = ['userns', 'mount-in-userns', 'overlay-in-userns', 'dev-net-tun', 'python3'] as const;
const container = requires(...words);
const withAddress = requires(...words, 'host-address');

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

/** Asks its name server for names outside, and for one inside, as fast as it can. */
const floodOfQuestions = `
import socket, sys, time
server = [line.split()[1] for line in open("/etc/resolv.conf") if line.startswith("nameserver")][0]
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.connect((server, 53))
asking.setblocking(False)
end = time.monotonic() + float(sys.argv[1])
sent = 0
questions = [b"\\0\\1\\1\\0\\0\\1" + bytes(6) + b"\\7" + b"x%06d" % n + b"\\0\\0\\1\\0\\1" for n in range(1000)]
while time.monotonic() < end:
    for question in questions:
        try:
            asking.send(question)
            sent += 1
        except OSError:
            pass
print(sent)
`;

/** Asks for one name, many times; prints how often it was found, and whether it ever took as long as a second question. */
const askForName = `
import socket, sys, time
found, slow = 0, 0
for _ in range(${String(requests)}):
    before = time.monotonic()
    try:
        found += len(socket.getaddrinfo(sys.argv[1], 80, socket.AF_INET)) > 0
    except OSError as error:
        print(error, file=sys.stderr)
    slow += time.monotonic() - before > 4
    time.sleep(0.05)
print(found, slow)
`;

container.test(
  'names are found at once while another container asks for others without end',
  async () => {
    const [flooder, other, sought] = [uniqueName('flood'), uniqueName('other'), uniqueName('sought')];
    const flood = ['python3', '-c', floodOfQuestions, '8'];
    await ok(['run', '-d', '--name', sought, '--network', 'bridge', 'host', 'sleep', '100']);
    await ok(['run', '-d', '--name', flooder, '--network', 'bridge', 'host', ...flood]);
    const ask = ['python3', '-c', askForName, sought];
    const asked = await tool(['run', '--rm', '--name', other, '--network', 'bridge', 'host', ...ask]);
    expect(asked).toMatchObject({ exitCode: 0, stdout: `${String(requests)} 0\n` });
    expect(await ok(['wait', flooder])).toBe('0');
    expect(Number(await ok(['logs', flooder]))).toBeGreaterThan(10_000);
    await ok(['rm', '-f', flooder, sought]);
  },
  90_000,
);

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

  withAddress.test(
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
