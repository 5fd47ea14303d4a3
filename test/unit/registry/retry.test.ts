// SPDX-License-Identifier: Apache-2.0
import {
  defaultRetryPolicy,
  delayBefore,
  isRetryableStatus,
  parseRetryAfter,
  pause,
} from '../../../lib/registry/retry.js';

describe('retries', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');

  test.each([
    ['3', 3000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
    ['Thu, 01 Jan 2026 00:00:00 GMT', 0],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('Retry-After: %s is %s ms', (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });

  test('pauses grow, never past the ceiling, and end with the tries', () => {
    const delays = [1, 2, 3, 4, 5].map((attempt) => delayBefore(defaultRetryPolicy, attempt) ?? NaN);
    delays.forEach((delay, index) => {
      const ceiling = Math.min(500 * 2 ** index, defaultRetryPolicy.longestDelayMs);
      expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
      expect(delay).toBeLessThanOrEqual(ceiling);
    });
    expect(delayBefore(defaultRetryPolicy, 6)).toBeUndefined();
  });

  test('Retry-After decides, unless it asks for too much', () => {
    expect(delayBefore(defaultRetryPolicy, 1, 7000)).toBe(7000);
    expect(delayBefore(defaultRetryPolicy, 1, 10_000_000)).toBeUndefined();
  });

  test.each([
    [429, true],
    [500, true],
    [503, true],
    [501, false],
    [404, false],
    [401, false],
  ])('status %d: %s', (status, expected) => {
    expect(isRetryableStatus(status)).toBe(expected);
  });

  test('an abort ends a pause with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const waiting = pause(60_000, controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});
