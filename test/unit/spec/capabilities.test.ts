// SPDX-License-Identifier: Apache-2.0
import { capabilityMask, capabilityNames, resolveCapabilities } from '../../../lib/spec/capabilities.js';

const resolve = (add: string[], drop: string[]) => resolveCapabilities({ privileged: false, add, drop });

test("docker's default set is a80425fb, as /proc/1/status shows it in a docker container", () => {
  expect(capabilityMask(resolve([], [])).toString(16)).toBe('a80425fb');
});

test('single capabilities are added and dropped, with and without CAP_', () => {
  expect(resolve(['NET_ADMIN'], [])).toContain('CAP_NET_ADMIN');
  expect(resolve([], ['cap_chown'])).not.toContain('CAP_CHOWN');
});

test('ALL sets the base', () => {
  expect(resolve(['ALL'], [])).toEqual(capabilityNames);
  expect(resolve([], ['ALL'])).toEqual([]);
  expect(resolve(['CHOWN'], ['ALL'])).toEqual(['CAP_CHOWN']);
  expect(resolve(['ALL'], ['CHOWN'])).not.toContain('CAP_CHOWN');
});

test('privileged is everything', () => {
  expect(resolveCapabilities({ privileged: true, add: [], drop: ['ALL'] })).toEqual(capabilityNames);
});

test('refuses an unknown name', () => {
  expect(() => resolve(['FLY'], [])).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }));
});
