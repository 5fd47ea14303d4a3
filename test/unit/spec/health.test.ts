// SPDX-License-Identifier: Apache-2.0
// Health checks: what the request changes of the image's, and what becomes of it.

import { healthcheckWarning, isProbed, mergeHealthcheck, probeOf } from '../../../lib/spec/health.js';

const image = { test: ['CMD', 'old'], interval: 5e9, retries: 4 };

test.each([
  ['neither', undefined, undefined, undefined],
  ['the image alone', undefined, image, image],
  ['the request alone', { test: ['CMD', 'new'] }, undefined, { test: ['CMD', 'new'] }],
  ['a new command keeps the times', { test: ['CMD', 'new'] }, image, { ...image, test: ['CMD', 'new'] }],
  ['times keep the command', { test: [], retries: 1, timeout: 1e9 }, image, { ...image, retries: 1, timeout: 1e9 }],
  ['0 is not given', { test: [], interval: 0, retries: 0 }, image, image],
  ['NONE turns it off', { test: ['NONE'] }, image, { ...image, test: ['NONE'] }],
])('merging: %s', (_name, request, from, expected) => {
  expect(mergeHealthcheck(request, from)).toEqual(expected);
});

test('docker’s defaults', () => {
  expect(probeOf({ test: ['CMD', 'a', 'b'] }, undefined)).toEqual({
    args: ['a', 'b'],
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    startIntervalMs: 5_000,
    retries: 3,
  });
});

test('a command line is for the image’s shell, else /bin/sh', () => {
  const healthcheck = { test: ['CMD-SHELL', 'a && b'] };
  expect(probeOf(healthcheck, undefined)?.args).toEqual(['/bin/sh', '-c', 'a && b']);
  expect(probeOf(healthcheck, [])?.args).toEqual(['/bin/sh', '-c', 'a && b']);
  expect(probeOf(healthcheck, ['/bin/bash', '-ec'])?.args).toEqual(['/bin/bash', '-ec', 'a && b']);
});

test.each([[['NONE']], [[]], [['HTTP', 'x']]])('%j is no probe', (words) => {
  expect(probeOf({ test: words }, undefined)).toBeUndefined();
  expect(isProbed({ test: words })).toBe(false);
});

test('a kind that nobody knows is told, the others are not', () => {
  expect(healthcheckWarning({ test: ['HTTP', 'x'] })).toContain("unknown healthcheck type 'HTTP'");
  for (const kind of ['NONE', 'CMD', 'CMD-SHELL']) expect(healthcheckWarning({ test: [kind] })).toBeUndefined();
  expect(healthcheckWarning(undefined)).toBeUndefined();
});

test('times shorter than a millisecond are refused, those longer than the helper can count are cut', () => {
  expect(() => probeOf({ test: ['CMD', 'a'], interval: 999_999 }, undefined)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_VALUE', message: expect.stringContaining('interval') }),
  );
  expect(probeOf({ test: ['CMD', 'a'], interval: 1e6, timeout: 9e18 }, undefined)).toMatchObject({
    intervalMs: 1,
    timeoutMs: 0xffff_ffff,
  });
});
