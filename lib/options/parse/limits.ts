// SPDX-License-Identifier: Apache-2.0
// --ulimit, --shm-size, --oom-score-adj, --stop-timeout, --stop-signal.

import { isSampanError } from '../../errors/sampan-error.js';
import type { UlimitRequest } from '../../spec/create-request.js';
import { parseBytes } from '../../util/bytes.js';
import { parseSignal } from '../../util/signals.js';
import { InvalidArgument, parseInteger } from '../option.js';

/** setrlimit(2), without RLIMIT_ */
const ulimitNames = new Set([
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
]);

/** name=soft[:hard]; -1 and `unlimited` are no limit; the hard limit is the soft one when it is not given */
export const readUlimit = (text: string): UlimitRequest => {
  const match = /^([a-z]+)=(-1|\d+|unlimited)(?::(-1|\d+|unlimited))?$/.exec(text);
  if (match === null) throw new InvalidArgument(`invalid ulimit argument: ${text}: give name=soft[:hard]`);
  const [, name = '', softText = '', hardText = softText] = match;
  if (!ulimitNames.has(name)) throw new InvalidArgument(`invalid ulimit type: ${name}`);
  const [soft, hard] = [limitOf(softText), limitOf(hardText)];
  if (hard !== undefined && (soft === undefined || soft > hard)) {
    throw new InvalidArgument(`ulimit soft limit must be less than or equal to hard limit: ${softText} > ${hardText}`);
  }
  return { name, soft, hard };
};

const limitOf = (text: string): number | undefined => {
  if (text === '-1' || text === 'unlimited') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgument(`${text} is too large: give unlimited`);
  return value;
};

export const readBytes = (text: string): number => {
  const bytes = parseBytes(text);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgument(`invalid size: '${text}': give a number with b, k, m or g`);
};

export const defaultShmSizeBytes = 64 * 1024 ** 2;

/** 0 is the default, as docker has it; a tmpfs of size 0 would have no limit at all. */
export const readShmSize = (text: string): number => readBytes(text) || defaultShmSizeBytes;

export const readOomScore = (text: string): number => {
  const score = parseInteger(text);
  if (score >= -1000 && score <= 1000) return score;
  throw new InvalidArgument('the value must be between -1000 and 1000');
};

/** As given: docker keeps the words of the user, the engine turns them into a number. */
export const readSignal = (text: string): string => {
  try {
    parseSignal(text);
    return text;
  } catch (error) {
    if (isSampanError(error, 'ERR_INVALID_VALUE')) throw new InvalidArgument(`invalid signal: ${text}`);
    throw error;
  }
};

/** -1 waits for ever */
export const readTimeout = (text: string): number => {
  const seconds = parseInteger(text);
  if (seconds >= -1) return seconds;
  throw new InvalidArgument('the time is given in seconds; -1 waits for ever');
};
