// SPDX-License-Identifier: Apache-2.0
// One line of docker's json-file log: {"log":"text\n","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"}.
//
// Logs have millions of lines, nearly all written by our monitor in this order of fields and with few escapes: those are
// cut at the known words. Everything else is parsed as JSON.

import { sampanError } from '../../errors/sampan-error.js';
import type { LogEntry } from '../contract.js';

/** @throws ERR_STORE_CORRUPT */
export const parseEntry = (line: string): LogEntry => cutEntry(line) ?? parseJson(line);

const head = '{"log":"';
const tails = [
  { stream: 'stdout', words: '","stream":"stdout","time":"' },
  { stream: 'stderr', words: '","stream":"stderr","time":"' },
] as const;
const end = '"}';
/** RFC 3339 in UTC with up to nine digits of a second */
const longestTime = '2026-01-02T03:04:05.678901234Z'.length;

const cutEntry = (line: string): LogEntry | undefined => {
  if (!line.startsWith(head) || !line.endsWith(end)) return undefined;
  for (const { stream, words } of tails) {
    // Text cannot contain the words: its quotation marks have backslashes before them.
    const at = line.indexOf(words, line.length - longestTime - words.length - end.length);
    if (at < head.length) continue;
    const text = unescape(line.slice(head.length, at));
    const time = line.slice(at + words.length, -end.length);
    if (text !== undefined && !time.includes('"') && !time.includes('\\')) return { stream, time, text };
  }
  return undefined;
};

/** Of no escape but the newline at the end; undefined when there are others. */
const unescape = (escaped: string): string | undefined => {
  const backslash = escaped.indexOf('\\');
  if (backslash < 0) return escaped.includes('"') ? undefined : escaped;
  if (backslash !== escaped.length - 2 || !escaped.endsWith('n')) return undefined;
  return escaped.includes('"') ? undefined : `${escaped.slice(0, backslash)}\n`;
};

const parseJson = (line: string): LogEntry => {
  try {
    const value = JSON.parse(line) as { log?: unknown; stream?: unknown; time?: unknown }; // checked below
    if (typeof value.log === 'string' && typeof value.time === 'string') {
      return { stream: value.stream === 'stderr' ? 'stderr' : 'stdout', time: value.time, text: value.log };
    }
  } catch (error) {
    throw sampanError('ERR_STORE_CORRUPT', { subject: `log line ${line.slice(0, 80)}`, cause: error });
  }
  throw sampanError('ERR_STORE_CORRUPT', { subject: `log line ${line.slice(0, 80)}` });
};
