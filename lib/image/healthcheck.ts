// SPDX-License-Identifier: Apache-2.0
// The arguments of HEALTHCHECK (Dockerfile reference): options, then NONE or CMD.

import { sampanError } from '../errors/sampan-error.js';
import { parseDuration } from '../util/duration.js';
import { parseCommandForm } from './command-form.js';
import type { Healthcheck } from '../util/healthcheck.js';

const durationOptions = {
  interval: 'interval',
  timeout: 'timeout',
  'start-period': 'startPeriod',
  'start-interval': 'startInterval',
} as const;

/** @throws ERR_INVALID_VALUE */
export const parseHealthcheckInstruction = (text: string): Healthcheck => {
  const { options, rest } = splitOptions(text.trim());
  const [, kind = '', command = ''] = /^(\S+)\s*([^]*)$/.exec(rest) ?? [];
  switch (kind.toUpperCase()) {
    case 'NONE':
      if (command !== '' || Object.keys(options).length > 0) throw invalid(text, 'NONE stands alone');
      return { test: ['NONE'] };
    case 'CMD':
      if (command === '') throw invalid(text, 'CMD needs a command');
      return { test: testOf(command), ...options };
    default:
      throw invalid(text, 'it is HEALTHCHECK NONE or HEALTHCHECK [OPTIONS] CMD command');
  }
};

const testOf = (command: string): readonly string[] => {
  const form = parseCommandForm(command);
  return form.kind === 'exec' ? ['CMD', ...form.argv] : ['CMD-SHELL', form.text];
};

const option = /^--([a-z-]+)=(\S+)\s*/;

const splitOptions = (text: string): { readonly options: Readonly<Record<string, number>>; readonly rest: string } => {
  const options: Record<string, number> = {};
  let rest = text;
  for (let match = option.exec(rest); match !== null; match = option.exec(rest)) {
    const [all, name = '', value = ''] = match;
    options[fieldOf(name)] = name === 'retries' ? count(value) : nanosecondsOf(value);
    rest = rest.slice(all.length);
  }
  return { options, rest };
};

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
