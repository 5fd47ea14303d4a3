// SPDX-License-Identifier: Apache-2.0
// Options of run and create: the health check. A value of 0 is none given, as with docker.

import { sampanError } from '../../errors/sampan-error.js';
import type { CreateRequest } from '../../spec/create-request.js';
import type { HealthTime } from '../../spec/health.js';
import type { Healthcheck } from '../../util/healthcheck.js';
import { parseDuration } from '../../util/duration.js';
import { createBoolean, createString, createValue, type CreateOption } from '../create-option.js';
import { InvalidArgument, parseInteger } from '../option.js';

const withHealth = (request: CreateRequest, change: Partial<Healthcheck>): CreateRequest => ({
  ...request,
  health: { test: [], ...request.health, ...change },
});

const nanosecondsPerMs = 1e6;

const readTime =
  (option: string) =>
  (text: string): number => {
    const milliseconds = parseDuration(text);
    if (milliseconds === undefined) throw new InvalidArgument(`invalid duration '${text}': give for example 1m30s`);
    if (milliseconds < 0) throw new InvalidArgument(`--${option} cannot be negative`);
    if (milliseconds > 0 && milliseconds < 1) throw new InvalidArgument(`--${option} cannot be less than 1ms`);
    return Math.round(milliseconds * nanosecondsPerMs);
  };

const readRetries = (text: string): number => {
  const retries = parseInteger(text);
  if (retries >= 0) return retries;
  throw new InvalidArgument('--health-retries cannot be negative');
};

const timeOption = (
  name: string,
  field: HealthTime,
  texts: { readonly describe: string; readonly defaultText: string; readonly docker: string },
): CreateOption =>
  createValue('lifecycle', {
    name,
    kind: 'duration',
    describe: texts.describe,
    defaultText: texts.defaultText,
    docker: texts.docker,
    read: readTime(name),
    apply: (request, nanoseconds) => (nanoseconds === 0 ? request : withHealth(request, { [field]: nanoseconds })),
  });

export const healthOptions: readonly CreateOption[] = [
  createString('lifecycle', {
    name: 'health-cmd',
    describe: 'command (of a shell) that tells whether the container is healthy',
    docker: 'Config.Healthcheck.Test',
    apply: (request, command) => (command === '' ? request : withHealth(request, { test: ['CMD-SHELL', command] })),
  }),
  timeOption('health-interval', 'interval', {
    describe: 'time from the end of a health check to the next',
    defaultText: '30s',
    docker: 'Config.Healthcheck.Interval',
  }),
  timeOption('health-timeout', 'timeout', {
    describe: 'time that a health check may take',
    defaultText: '30s',
    docker: 'Config.Healthcheck.Timeout',
  }),
  createValue('lifecycle', {
    name: 'health-retries',
    kind: 'int',
    describe: 'failures in a row that make the container unhealthy',
    defaultText: '3',
    docker: 'Config.Healthcheck.Retries',
    read: readRetries,
    apply: (request, retries) => (retries === 0 ? request : withHealth(request, { retries })),
  }),
  timeOption('health-start-period', 'startPeriod', {
    describe: 'time in which failures do not count while the container starts',
    defaultText: '0s',
    docker: 'Config.Healthcheck.StartPeriod',
  }),
  timeOption('health-start-interval', 'startInterval', {
    describe: 'time between health checks within the start period',
    defaultText: '5s',
    docker: 'Config.Healthcheck.StartInterval',
  }),
  // The last of them: it sees whether there was another.
  createBoolean('lifecycle', {
    name: 'no-healthcheck',
    describe: "turn the image's health check off",
    docker: 'Config.Healthcheck.Test',
    apply: (request, off) => {
      if (!off) return request;
      if (request.health === undefined) return { ...request, health: { test: ['NONE'] } };
      throw sampanError('ERR_USAGE', { subject: '--no-healthcheck conflicts with --health-* options' });
    },
  }),
];
