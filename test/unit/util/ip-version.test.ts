// SPDX-License-Identifier: Apache-2.0

import { isIP } from 'node:net';
import { ipVersion } from '../../../lib/util/ip-version.js';

const addresses = [
  '10.88.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '::',
  '::1',
  '1::',
  'fd00:0:0:0:0:0:0:1',
  '2001:DB8::1',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '::ffff:10.1.2.3',
  '1:2:3:4:5:6:10.1.2.3',
  '64:ff9b::192.0.2.1',
  'fe80::1%eth0',
];

const others = [
  '',
  '.',
  ':',
  ':::',
  '%',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '1.2.3.256',
  '1.2.3.4 ',
  '1.2.3.4\n',
  '::1\n',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  '1:2:3:4:5:6:7:10.1.2.3',
  '10.1.2.3::',
  '10.1.2.3::1',
  '::10.1.2.3:1',
  '::12345',
  '::g',
  ':1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:',
  'fe80::1%',
  'fe80::1%a%b',
  'fe80::1%a b',
  '1.2.3.4%eth0',
  'x',
  '[::1]',
];

test.each(addresses)('%j is an address of the family that Node says', (text) => {
  expect(ipVersion(text)).toBe(isIP(text));
  expect(ipVersion(text)).not.toBe(0);
});

test.each(others)('%j is no address, as Node says', (text) => {
  expect(ipVersion(text)).toBe(0);
  expect(isIP(text)).toBe(0);
});

test('texts made of pieces of addresses get the answer that Node gives', () => {
  const pieces = ['::', ':', '.', '%', '0', '1', '10', '255', '256', 'ff', 'fd00', '1.2.3.4', '12345', '1:2:3', ''];
  let state = 1;
  const next = (): number => (state = (state * 48271) % 0x7fffffff);
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: next() % 9 }, () => pieces[next() % pieces.length]).join('');
    expect([text, ipVersion(text)]).toEqual([text, isIP(text)]);
  }
});
