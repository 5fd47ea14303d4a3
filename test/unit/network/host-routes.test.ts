// SPDX-License-Identifier: Apache-2.0

import { formatSubnet } from '../../../lib/network/ip.js';
import { parseRoutes4, parseRoutes6 } from '../../../lib/network/host-routes.js';

test('IPv4 routes are read from /proc/net/route, without the default route and a VPN’s halves of everything', () => {
  const text = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'tun0\t0000580A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    'tun1\t00000000\t010200C0\t0003\t0\t0\t0\t00000080\t0\t0\t0',
    'tun1\t00000080\t010200C0\t0003\t0\t0\t0\t00000080\t0\t0\t0',
    'garbage',
    '',
  ].join('\n');
  expect(parseRoutes4(text).map(formatSubnet)).toEqual(['192.0.2.0/24', '10.88.0.0/16']);
});

test('IPv6 routes are read from /proc/net/ipv6_route, without default and other wide, host, link-local and multicast routes', () => {
  const zero = '0'.repeat(32);
  const row = (destination: string, length: string): string =>
    `${destination} ${length} ${zero} 00 ${zero} 00000100 00000001 00000000 00000001     eth0`;
  const text = [
    row(`fd00${'0'.repeat(28)}`, '40'),
    row(`fe80${'0'.repeat(28)}`, '40'),
    row(zero, '00'),
    row(`${'0'.repeat(31)}1`, '80'),
    row(`ff00${'0'.repeat(28)}`, '08'),
    row(`2000${'0'.repeat(28)}`, '03'),
    row(`fd00${'0'.repeat(28)}`, '08'),
    '',
  ].join('\n');
  expect(parseRoutes6(text).map(formatSubnet)).toEqual(['fd00::/64']);
});
