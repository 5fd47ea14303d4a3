// SPDX-License-Identifier: Apache-2.0
import type { PortSummary } from '../../../lib/engine/contract.js';
import { placeList, shownPorts } from '../../../lib/cli/output/ports.js';

const exposed = (...ports: readonly number[]): readonly PortSummary[] =>
  ports.map((port) => ({ port, protocol: 'tcp' }));
const published = (hostAddress: string, hostPort: number, port: number): PortSummary => ({
  port,
  protocol: 'tcp',
  hostAddress,
  hostPort,
});

test.each([
  ['nothing', [], ''],
  ['exposed ports', exposed(90, 80, 81), '80-81/tcp, 90/tcp'],
  ['another number on the host', [published('0.0.0.0', 8080, 80)], '0.0.0.0:8080->80/tcp'],
  [
    'every address',
    [published('::', 8080, 80), published('0.0.0.0', 8080, 80)],
    '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp',
  ],
  [
    'a range that keeps its numbers',
    [81, 80, 82].map((port) => published('127.0.0.1', port, port)),
    '127.0.0.1:80-82->80-82/tcp',
  ],
  [
    'groups before ports that change their number',
    [published('0.0.0.0', 1, 70), ...exposed(80), published('10.0.0.2', 90, 90), published('9.0.0.1', 90, 90)],
    '80/tcp, 9.0.0.1:90->90/tcp, 10.0.0.2:90->90/tcp, 0.0.0.0:1->70/tcp',
  ],
] as const)('the ports column shows %s', (_name, ports, text) => {
  expect(shownPorts(ports)).toBe(text);
});

test('port lists places by the number of the port, whatever came first', () => {
  const place = (hostAddress: string, hostPort: number, port: number) =>
    ({ port, protocol: 'tcp', hostAddress, hostPort }) as const;
  const places = [
    place('::', 9, 443),
    place('0.0.0.0', 9, 443),
    place('0.0.0.0', 8081, 80),
    place('0.0.0.0', 8080, 80),
  ];
  expect(placeList(places)).toBe(
    '80/tcp -> 0.0.0.0:8080\n80/tcp -> 0.0.0.0:8081\n443/tcp -> 0.0.0.0:9\n443/tcp -> [::]:9\n',
  );
});
