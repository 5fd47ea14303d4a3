// SPDX-License-Identifier: Apache-2.0
// The arguments of HEALTHCHECK (Dockerfile reference): options, then NONE or CMD.

import { sampanError } from '../errors/sampan-error.js';
import { parseDuration } from '../util/duration.js';
import { parseCommandForm } from './command-form.js';
import type { Healthcheck } from './config.js';

const durationOptions = {
  interval: 'interval',
  timeout: 'timeout',
  'start-period': 'startPeriod',
  'start-interval': 'startInterval',
} as const;

/** @throws ERR_INVALID_VALUE */
export const parseHealthcheckInstruction = (text: string): Healthcheck => {
  const options: Record<string, number> = {};
  let rest = text.trim();
  for (let match = option.exec(rest); match !== null; match = option.exec(rest)) {
    const [all, name = '', value = ''] = match;
    options[fieldOf(name)] = name === 'retries' ? count(value) : nanosecondsOf(value);
    rest = rest.slice(all.length);
  }
  const [, kind = '', command = ''] = /^(\S+)\s*([^]*)$/.exec(rest) ?? [];
  if (kind.toUpperCase() === 'NONE' && command === '' && Object.keys(options).length === 0) return { test: ['NONE'] };
  if (kind.toUpperCase() !== 'CMD' || command === '')
    throw invalid(text, 'it is HEALTHCHECK NONE or HEALTHCHECK [OPTIONS] CMD command');
  const form = parseCommandForm(command);
  return { test: form.kind === 'exec' ? ['CMD', ...form.argv] : ['CMD-SHELL', form.text], ...options };
};

const option = /^--([a-z-]+)=(\S+)\s*/;

const fieldOf = (name: string): string => {
  if (name === 'retries') return name;
  const field = Object.entries(durationOptions).find(([key]) => key === name)?.[1];
  if (field === undefined)
    throw invalid(`--${name}`, `HEALTHCHECK knows ${Object.keys(durationOptions).join(', ')} and retries`);
  return field;
};

const count = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw invalid(text, '--retries is a count');
  return Number(text);
};

/** In nanoseconds, as docker keeps it. */
const nanosecondsOf = (text: string): number => {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined || milliseconds < 0) throw invalid(text, 'a duration is for example 30s or 1m30s');
  if (milliseconds > 0 && milliseconds < 1) throw invalid(text, 'it is shorter than 1ms');
  return Math.round(milliseconds * 1e6);
};

const invalid = (text: string, hint: string): Error =>
  sampanError('ERR_INVALID_VALUE', { subject: `HEALTHCHECK ${text}`, hint });
