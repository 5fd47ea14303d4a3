// SPDX-License-Identifier: Apache-2.0

import { parseSubnet } from '../../../lib/network/ip.js';
import {
  choosePool,
  freeAddress,
  macOf,
  requestedAddress,
  sameHost,
  ulaSubnet,
  userSubnetCandidates,
} from '../../../lib/network/pools.js';

const subnets = (...texts: readonly string[]) => texts.flatMap((text) => parseSubnet(text) ?? []);
/** A matcher, which toThrow() takes for an error. */
const configError = (text: string): Error =>
  expect.objectContaining({ code: 'ERR_NETWORK_CONFIG', message: expect.stringContaining(text) }) as Error;

describe('choosing a subnet', () => {
  test('the first candidate that overlaps nothing is taken, its first address is the gateway', () => {
    const taken = subnets('10.89.0.0/24', '10.89.1.128/25');
    expect(choosePool({}, 4, taken, userSubnetCandidates())).toEqual({ subnet: '10.89.2.0/24', gateway: '10.89.2.1' });
  });

  test('a route over a whole private range leaves the next range', () => {
    const choose = (...taken: readonly string[]) => choosePool({}, 4, subnets(...taken), userSubnetCandidates()).subnet;
    expect(choose('10.0.0.0/8')).toBe('172.16.0.0/24');
    expect(choose('10.0.0.0/8', '172.16.0.0/12')).toBe('192.168.0.0/24');
  });

  test('routes over all candidates leave none', () => {
    const taken = subnets('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16');
    expect(() => choosePool({}, 4, taken, userSubnetCandidates())).toThrow(configError('pools'));
  });

  test('what was asked for is taken as it is', () => {
    const request = { subnet: '172.30.5.0/24', gateway: '172.30.5.254', ipRange: '172.30.5.128/25' };
    expect(choosePool(request, 4, [], [])).toEqual({
      subnet: '172.30.5.0/24',
      gateway: '172.30.5.254',
      ipRange: '172.30.5.128/25',
    });
  });

  test.each([
    [{ subnet: '10.1.0.0/16' }, 'overlaps'],
    [{ subnet: 'x' }, 'invalid subnet'],
    [{ subnet: 'fd00::/64' }, 'invalid subnet'],
    [{ subnet: '10.9.0.0/31' }, 'too small'],
    [{ subnet: '10.9.0.7/24' }, 'invalid subnet 10.9.0.7/24'],
    [{ subnet: '10.9.0.0/24', ipRange: '10.9.0.200/26' }, 'invalid ip-range 10.9.0.200/26'],
    [{ subnet: '10.9.0.0/24', gateway: '10.8.0.1' }, 'invalid gateway'],
    [{ subnet: '10.9.0.0/24', gateway: '10.9.0.0' }, 'invalid gateway'],
    [{ subnet: '10.9.0.0/24', gateway: '10.9.0.255' }, 'invalid gateway'],
    [{ subnet: '10.9.0.0/24', ipRange: '10.8.0.0/25' }, 'invalid ip-range'],
    [{ subnet: '10.9.0.0/24', ipRange: '10.9.0.0/16' }, 'invalid ip-range'],
  ])('%j is refused: %s', (request, message) => {
    expect(() => choosePool(request, 4, subnets('10.1.2.0/24'), [])).toThrow(configError(message));
  });

  test.each([
    '127.5.0.0/24',
    '169.254.1.0/24',
    '224.0.0.0/3',
    '::/64',
    '::ffff:10.1.2.0/120',
    'fe80::/64',
    'ff05::/64',
  ])('addresses that mean something else are no subnet: %s', (subnet) => {
    expect(() => choosePool({ subnet }, subnet.includes('::') ? 6 : 4, [], [])).toThrow(configError('overlaps'));
  });

  test('an IPv6 network of our own is a ULA with 40 random bits', () => {
    expect(ulaSubnet(new Uint8Array([1, 2, 3, 4, 5]))).toEqual(parseSubnet('fd01:203:405::/64'));
  });
});

describe('choosing an address', () => {
  const pool = { subnet: '10.9.0.0/29', gateway: '10.9.0.1' };

  test('the lowest one that is free is taken', () => {
    expect(freeAddress(pool, new Set(['10.9.0.2', '10.9.0.4']), 'net')).toBe('10.9.0.3');
  });

  test('network, gateway and broadcast address are nobody’s, and then the pool is exhausted', () => {
    const all = new Set(['10.9.0.2', '10.9.0.3', '10.9.0.4', '10.9.0.5', '10.9.0.6']);
    expect(() => freeAddress(pool, all, 'net')).toThrow(expect.objectContaining({ code: 'ERR_NETWORK_FULL' }));
  });

  test('a range limits what is given out', () => {
    expect(freeAddress({ ...pool, ipRange: '10.9.0.4/30' }, new Set(), 'net')).toBe('10.9.0.4');
  });

  test.each(['10.9.0.0', '10.9.0.1', '10.9.0.7', '10.9.1.2', 'x', 'fd00::2'])('%s cannot be asked for', (text) => {
    expect(() => requestedAddress(pool, text, 'net')).toThrow(expect.objectContaining({ code: 'ERR_NETWORK_CONFIG' }));
  });

  test('an address of a family that the network does not have cannot be asked for', () => {
    expect(() => requestedAddress(undefined, 'fd00::2', 'net')).toThrow(configError('fd00::2'));
  });

  test('the IPv6 address has the host part of the IPv4 one', () => {
    expect(sameHost('10.9.0.6', pool, { subnet: 'fd01::/64', gateway: 'fd01::1' })).toBe('fd01::6');
  });

  test.each([
    ['10.9.0.6', { subnet: 'fd01::/126', gateway: 'fd01::1' }],
    ['10.9.0.6', { subnet: 'fd01::/64', gateway: 'fd01::1', ipRange: 'fd01::8/126' }],
  ])('an IPv6 pool that is too small has no address with the host part of %s', (v4, v6Pool) => {
    expect(sameHost(v4, pool, v6Pool)).toBeUndefined();
  });

  test('the MAC address has the IPv4 address in it', () => {
    expect(macOf('10.88.0.12')).toBe('02:42:0a:58:00:0c');
  });
});
