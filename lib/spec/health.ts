// SPDX-License-Identifier: Apache-2.0
// Health checks: the request laid over the image's, by docker's rules, and what the monitor needs of it. Pure.

import { sampanError } from '../errors/sampan-error.js';
import type { Healthcheck } from '../util/healthcheck.js';

/** What the monitor runs in the container, and when. */
export interface ProbeConfig {
  readonly args: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

export type HealthTime = 'interval' | 'timeout' | 'startPeriod' | 'startInterval';

const defaultMs: Readonly<Record<HealthTime, number>> = {
  interval: 30_000,
  timeout: 30_000,
  startPeriod: 0,
  startInterval: 5_000,
};
const defaultRetries = 3;
const defaultShell = ['/bin/sh', '-c'];

const times: readonly HealthTime[] = ['interval', 'timeout', 'startPeriod', 'startInterval'];
const nanosecondsPerMs = 1e6;
/** the helper counts in 32 bits */
const longestMs = 0xffff_ffff;

export const mergeHealthcheck = (
  request: Healthcheck | undefined,
  image: Healthcheck | undefined,
): Healthcheck | undefined => {
  if (request === undefined || image === undefined) return request ?? image;
  const given = Object.fromEntries(
    Object.entries(request).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value !== 0)),
  );
  return { ...image, ...given };
};

/** undefined: there is no probe. @throws ERR_INVALID_VALUE */
export const probeOf = (
  healthcheck: Healthcheck | undefined,
  shell: readonly string[] | undefined,
): ProbeConfig | undefined => {
  if (healthcheck === undefined) return undefined;
  const checked = times.map((name) => [`${name}Ms`, millisecondsOf(healthcheck, name)]);
  const args = argsOf(healthcheck.test, shell);
  if (args === undefined) return undefined;
  const { intervalMs, timeoutMs, startPeriodMs, startIntervalMs } = Object.fromEntries(checked) as Record<
    `${HealthTime}Ms`, // the list above has them all
    number
  >;
  const retries = Math.min(healthcheck.retries ?? 0, longestMs) || defaultRetries;
  return { args, intervalMs, timeoutMs, startPeriodMs, startIntervalMs, retries };
};

/** Whether there is something to probe with. */
export const isProbed = (healthcheck: Healthcheck | undefined): boolean =>
  healthcheck !== undefined && argsOf(healthcheck.test, undefined) !== undefined;

/** What docker says of a kind that it does not know; the container is not probed then. */
export const healthcheckWarning = (healthcheck: Healthcheck | undefined): string | undefined => {
  const kind = healthcheck?.test[0];
  if (kind === undefined || ['NONE', 'CMD', 'CMD-SHELL'].includes(kind)) return undefined;
  return `unknown healthcheck type '${kind}' (expected 'CMD'): the container is not probed`;
};

const argsOf = (
  [kind, ...words]: readonly string[],
  shell: readonly string[] | undefined,
): readonly string[] | undefined => {
  if (kind === 'CMD') return words;
  if (kind !== 'CMD-SHELL') return undefined;
  return [...(shell === undefined || shell.length === 0 ? defaultShell : shell), ...words];
};

const millisecondsOf = (healthcheck: Healthcheck, name: HealthTime): number => {
  const nanoseconds = healthcheck[name] ?? 0;
  if (nanoseconds === 0) return defaultMs[name];
  if (nanoseconds >= nanosecondsPerMs) return Math.min(Math.round(nanoseconds / nanosecondsPerMs), longestMs);
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `${name} of the health check`,
    hint: 'it cannot be less than 1ms',
  });
};
