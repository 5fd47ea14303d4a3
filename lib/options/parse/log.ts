// SPDX-License-Identifier: Apache-2.0
// --log-driver and --log-opt.

import { sampanError } from '../../errors/sampan-error.js';
import type { LogRequest } from '../../spec/create-request.js';
import { parseBytes } from '../../util/bytes.js';
import { InvalidArgument } from '../option.js';
import type { Pair } from './key-value.js';

const otherDrivers = new Set([
  'local',
  'journald',
  'syslog',
  'gelf',
  'fluentd',
  'awslogs',
  'splunk',
  'etwlogs',
  'gcplogs',
]);

export const readLogDriver = (text: string): LogRequest['driver'] => {
  if (text === 'json-file' || text === 'none') return text;
  if (otherDrivers.has(text)) {
    throw sampanError('ERR_NOT_SUPPORTED', { subject: `--log-driver ${text}`, hint: 'give json-file or none' });
  }
  throw new InvalidArgument('give json-file or none');
};

/** @throws ERR_USAGE for an option that no log driver of ours has */
export const withLogOptions = (log: LogRequest, pairs: readonly Pair[]): LogRequest => {
  if (log.driver === 'none' && pairs.length > 0)
    throw logUsage(`invalid logging opts for driver none: ${pairs[0]?.[0] ?? ''}`);
  const given = pairs.reduce(withPair, log);
  // As docker: several files need a size to rotate at.
  if (given.maxFiles > 1 && given.maxSizeBytes === 0 && pairs.some(([key]) => key === 'max-file')) {
    throw logUsage('log option max-file cannot be greater than 1 without max-size');
  }
  return given;
};

const withPair = (log: LogRequest, [key, value]: Pair): LogRequest => {
  if (key === 'max-size') {
    const maxSizeBytes = value === '-1' ? 0 : parseBytes(value);
    if (maxSizeBytes === undefined || (maxSizeBytes === 0 && value !== '-1'))
      throw logUsage(`invalid log option max-size=${value}`);
    return { ...log, maxSizeBytes };
  }
  if (key === 'max-file') {
    if (!/^[1-9]\d{0,5}$/.test(value)) throw logUsage(`invalid log option max-file=${value}: give a number from 1 on`);
    return { ...log, maxFiles: Number(value) };
  }
  if (['compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag', 'mode', 'max-buffer-size'].includes(key)) {
    throw sampanError('ERR_NOT_SUPPORTED', {
      subject: `--log-opt ${key}`,
      hint: 'this version knows max-size and max-file',
    });
  }
  throw logUsage(`unknown log option '${key}' for the json-file log driver`);
};

const logUsage = (subject: string): Error => sampanError('ERR_USAGE', { subject });
