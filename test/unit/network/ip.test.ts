// SPDX-License-Identifier: Apache-2.0

import { contains, formatAddress, formatSubnet, overlap, parseAddress, parseSubnet } from '../../../lib/network/ip.js';

const missing = (text: string): never => {
  throw new Error(`not parsed: ${text}`);
};
const subnet = (text: string) => parseSubnet(text) ?? missing(text);
const address = (text: string) => parseAddress(text) ?? missing(text);

test.each([
  ['10.88.0.1', '10.88.0.1'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['fd00:0:0:0:0:0:0:1', 'fd00::1'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ['fe80::', 'fe80::'],
  ['::ffff:10.1.2.3', '::ffff:a01:203'],
])('%s is read and written as %s', (text, written) => {
  expect(formatAddress(address(text))).toBe(written);
});

test.each(['', '10.88.0', '10.88.0.256', 'x', 'fe80::1%eth0', '1::2::3'])('%j is no address', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test.each([
  ['10.88.3.4/16', '10.88.0.0/16'],
  ['10.1.2.3/32', '10.1.2.3/32'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['fd00::1/64', 'fd00::/64'],
])('the host part of %s is cleared: %s', (text, written) => {
  expect(formatSubnet(subnet(text))).toBe(written);
});

test.each(['10.88.0.0', '10.88.0.0/33', 'fd00::/129', '10.0.0.0/x', '/8', '10.0.0.0/-1'])(
  '%j is no network',
  (text) => {
    expect(parseSubnet(text)).toBeUndefined();
  },
);

test.each([
  ['10.0.0.0/8', '10.88.0.0/16', true],
  ['10.88.0.0/16', '10.0.0.0/8', true],
  ['10.88.0.0/16', '10.89.0.0/16', false],
  ['0.0.0.0/0', 'fd00::/8', false],
])('%s and %s overlap: %s', (a, b, expected) => {
  expect(overlap(subnet(a), subnet(b))).toBe(expected);
});

test('the last address of a network is in it, the next one is not', () => {
  expect(contains(subnet('10.88.0.0/24'), address('10.88.0.255'))).toBe(true);
  expect(contains(subnet('10.88.0.0/24'), address('10.88.1.0'))).toBe(false);
});
