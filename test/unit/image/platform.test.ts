// SPDX-License-Identifier: Apache-2.0
import { formatPlatform, hostPlatform, matchPlatform, parsePlatform } from '../../../lib/image/platform.js';

test.each([
  ['linux/amd64', 'linux/amd64'],
  ['amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['armhf', 'linux/arm/v7'],
  ['Linux/AMD64/v3', 'linux/amd64/v3'],
  ['windows/amd64', 'windows/amd64'],
])('%s means %s', (text, expected) => {
  expect(formatPlatform(parsePlatform(text))).toBe(expected);
});

test.each([[''], ['linux'], ['linux/'], ['linux/a/b/c'], ['linux/amd 64'], ['../amd64']])('%j is refused', (text) => {
  expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }));
});

test.each([
  ['linux/amd64', 'linux/amd64', true],
  ['linux/amd64', 'linux/arm64', false],
  ['linux/amd64', 'windows/amd64', false],
  ['linux/arm64/v8', 'linux/arm64', true],
  ['linux/arm/v7', 'linux/arm/v6', true],
  ['linux/arm/v6', 'linux/arm/v7', false],
  ['linux/amd64/v3', 'linux/amd64', true],
  ['linux/amd64', 'linux/amd64/v3', false],
])('on %s something for %s runs: %s', (wanted, offered, runs) => {
  expect(matchPlatform(parsePlatform(wanted), parsePlatform(offered)) > 0).toBe(runs);
});

test('the exact variant is better than an older one', () => {
  const wanted = parsePlatform('linux/arm/v7');
  const rate = (text: string): number => matchPlatform(wanted, parsePlatform(text));
  expect(rate('linux/arm/v7')).toBeGreaterThan(rate('linux/arm/v6'));
  expect(rate('linux/arm/v6')).toBeGreaterThan(rate('linux/arm/v5'));
});

test("Node's names of processors become Go's", () => {
  expect(['x64', 'arm64', 'ia32', 's390x', 'ppc64'].map((arch) => hostPlatform(arch).architecture)).toEqual([
    'amd64',
    'arm64',
    '386',
    's390x',
    'ppc64',
  ]);
});

test('a name that every JavaScript object has is just a name', () => {
  expect(formatPlatform(parsePlatform('linux/constructor'))).toBe('linux/constructor');
});
