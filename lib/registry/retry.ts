// SPDX-License-Identifier: Apache-2.0
// When to try again and how long to wait before: exponential back-off with jitter, or what Retry-After says.

import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryPolicy {
  /** tries altogether */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** a registry that asks for more patience than this has failed */
  readonly longestRetryAfterMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 6,
  firstDelayMs: 500,
  longestDelayMs: 15_000,
  longestRetryAfterMs: 120_000,
};

/** 501 and 505 will not change; the rest of 5xx and 429 may. */
export const isRetryableStatus = (status: number): boolean =>
  status === 429 || status === 408 || (status >= 500 && status !== 501 && status !== 505);

/** Seconds or an HTTP date (RFC 9110 10.2.3) -> milliseconds from now; undefined when it is neither. */
export const parseRetryAfter = (value: string | undefined, now: number): number | undefined => {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
};

/** Undefined: do not try again. `attempt` counts from 1, the one that has just failed. */
export const delayBefore = (policy: RetryPolicy, attempt: number, retryAfterMs?: number): number | undefined => {
  if (attempt >= policy.attempts) return undefined;
  if (retryAfterMs !== undefined) return retryAfterMs > policy.longestRetryAfterMs ? undefined : retryAfterMs;
  const ceiling = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (attempt - 1));
  // half fixed, half random: clients that failed together do not come back together
  return ceiling / 2 + Math.random() * (ceiling / 2);
};

/** Waits; rejects with the signal's reason when that comes first. */
export const pause = async (ms: number, signal: AbortSignal | undefined): Promise<void> => {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
};
