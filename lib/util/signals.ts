// SPDX-License-Identifier: Apache-2.0
// Signal names and numbers as docker takes them: TERM, SIGTERM, sigterm, 15, RTMIN+3.

import { constants } from 'node:os';
import { sampanError } from '../errors/sampan-error.js';

/** First and last real-time signal as seen by programs on glibc (signal(7)). */
const realTimeMin = 34;
const realTimeMax = 64;

/** @throws ERR_INVALID_VALUE for a name or number that is no signal */
export const parseSignal = (text: string): number => {
  const number = /^\d+$/.test(text) ? Number(text) : numberOfName(text.toUpperCase().replace(/^SIG/, ''));
  if (number !== undefined && number >= 1 && number <= realTimeMax) return number;
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `signal ${text}`,
    hint: 'give a name such as TERM or KILL, or a number from 1 to 64',
  });
};

/** SIGTERM for 15; the number itself where there is no name. */
export const signalName = (signal: number): string => {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  return found?.[0] ?? String(signal);
};

const numberOfName = (name: string): number | undefined => {
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realTime === null) {
    const signals: Readonly<Record<string, number | undefined>> = constants.signals;
    return Object.hasOwn(signals, `SIG${name}`) ? signals[`SIG${name}`] : undefined;
  }
  const base = realTime[1] === 'MIN' ? realTimeMin : realTimeMax;
  const offset = Number(realTime[3] ?? 0) * (realTime[2] === '-' ? -1 : 1);
  return base + offset >= realTimeMin ? base + offset : undefined;
};
