// SPDX-License-Identifier: Apache-2.0

import { ipv6PoolOf } from '../../../../lib/engine/network/assign.js';

const pool = { subnet: 'fd00:1::/64', gateway: 'fd00:1::1' };
const network = { name: 'six', ipv6: pool };

test('an IPv6 address that was asked for is refused while the machine has IPv6 off, and where that is seen is said', () => {
  expect(() => ipv6PoolOf(network, 'fd00:1::7', false)).toThrow(
    expect.objectContaining({
      code: 'ERR_NETWORK_CONFIG',
      subject: expect.stringContaining('IPv6 is off on this machine') as string,
      hint: expect.stringContaining('/proc/net/if_inet6') as string,
    }),
  );
});

test('without one the container does without IPv6 while that is off', () => {
  expect(ipv6PoolOf(network, undefined, false)).toBeUndefined();
  expect(ipv6PoolOf(network, undefined, true)).toBe(pool);
});

test('a network without IPv6 is not said to lack it because of the machine', () => {
  expect(ipv6PoolOf({ name: 'four' }, 'fd00:1::7', false)).toBeUndefined();
});
