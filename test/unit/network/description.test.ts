// SPDX-License-Identifier: Apache-2.0
import { formatDescription, parsePublished } from '../../../lib/network/description.js';
import type { PublishRequest } from '../../../lib/spec/ports.js';

const linesOf = (publish: readonly PublishRequest[]): readonly string[] =>
  formatDescription({
    id: 'abc',
    hostnames: [],
    resolvers: [],
    endpoints: [
      {
        network: {
          id: 'n',
          name: 'front',
          mtu: 1500,
          internal: false,
          ipv6Names: false,
          gateways: [],
          hostAliases: [],
          openPorts: [],
        },
        interfaceName: 'eth0',
        mac: '02:00:00:00:00:01',
        isDefaultRoute: true,
        addresses: [],
        names: [],
        publish,
      },
    ],
  })
    .split('\n')
    .filter((line) => line.startsWith('publish '));

const at = (port: number, hostPort?: number, hostAddress = '127.0.0.1'): PublishRequest => ({
  port,
  protocol: 'tcp',
  hostAddress,
  ...(hostPort === undefined ? {} : { hostPorts: { first: hostPort, last: hostPort } }),
});

test('ports that follow each other are told in one line', () => {
  expect(linesOf(Array.from({ length: 2000 }, (_, index) => at(3000 + index, 5000 + index)))).toEqual([
    'publish tcp 127.0.0.1 5000-6999 3000-4999',
  ]);
  expect(linesOf([at(80), at(81), at(83), at(84, 90), at(85, 91, '127.0.0.2'), at(86, 93, '127.0.0.2')])).toEqual([
    'publish tcp 127.0.0.1 0-0 80-81',
    'publish tcp 127.0.0.1 0-0 83',
    'publish tcp 127.0.0.1 90-90 84',
    'publish tcp 127.0.0.2 91-91 85',
    'publish tcp 127.0.0.2 93-93 86',
  ]);
});

test('what netd has published is read port by port', () => {
  expect(parsePublished('publish udp 0.0.0.0,:: 5000-5001 80-81\npublish tcp 127.0.0.1 90-90 90\n')).toEqual([
    { port: 80, protocol: 'udp', hostAddress: '0.0.0.0', hostPort: 5000 },
    { port: 80, protocol: 'udp', hostAddress: '::', hostPort: 5000 },
    { port: 81, protocol: 'udp', hostAddress: '0.0.0.0', hostPort: 5001 },
    { port: 81, protocol: 'udp', hostAddress: '::', hostPort: 5001 },
    { port: 90, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 90 },
  ]);
});
