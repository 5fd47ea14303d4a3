// SPDX-License-Identifier: Apache-2.0
// Reading a container's log: docker's json-file format, rotated files oldest first, then following.
//
// How this works: the files <log>.N ... <log>.1, <log> are read in that order as one stream of entries. --tail keeps
// the last N of them in a ring. To follow, the live file is read on as it grows; when its name shows another inode,
// the monitor has rotated: the rest of the old file is read, then the new one from its start.

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrno, sampanError } from '../../errors/sampan-error.js';
import type { LogEntry, LogOptions } from '../contract.js';

const readSize = 256 * 1024;
const pollMs = 50;

export interface LogSource {
  readonly path: string;
  /** false once nothing will be written any more */
  readonly isRunning: () => boolean;
}

export async function* readLog(source: LogSource, options: LogOptions): AsyncGenerator<LogEntry> {
  const wanted = instantFilter(options);
  const live = openLive(source.path);
  try {
    yield* tail(history(source.path, live), options.tail, wanted);
    if (options.follow) yield* follow(source, live, wanted);
  } finally {
    live.close();
  }
}

type Wanted = (entry: LogEntry) => 'yes' | 'no' | 'past';

/** Times are compared as text of equal form (RFC 3339, UTC, nanoseconds), which keeps what Date would cut off. */
const instantFilter = ({ since, until }: LogOptions): Wanted => {
  const from = since === undefined ? undefined : padded(since);
  const to = until === undefined ? undefined : padded(until);
  return ({ time }) => {
    const at = padded(time);
    if (to !== undefined && at > to) return 'past';
    return from !== undefined && at < from ? 'no' : 'yes';
  };
};

/** 2026-01-02T03:04:05.6Z -> 2026-01-02T03:04:05.600000000Z */
const padded = (time: string): string => {
  const [seconds = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}`;
};

// ---- files ---------------------------------------------------------------------------------------------------------

/** A file read line by line, from where the last read ended. */
interface LineFile {
  readonly inode: number;
  /** complete lines that are there now */
  lines(): Generator<string>;
  close(): void;
}

const openLines = (path: string): LineFile | undefined => {
  try {
    return linesOf(openSync(path, 'r'));
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

const linesOf = (fd: number): LineFile => {
  const buffer = Buffer.allocUnsafe(readSize);
  let rest = Buffer.alloc(0);
  let open = true;
  return {
    inode: fstatSync(fd).ino,
    *lines() {
      for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) {
        const data = rest.length === 0 ? buffer.subarray(0, length) : Buffer.concat([rest, buffer.subarray(0, length)]);
        let start = 0;
        for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
          yield data.toString('utf8', start, end);
          start = end + 1;
        }
        rest = Buffer.from(data.subarray(start));
      }
    },
    close: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
};

/** The live log, which may be rotated away and may not be there before the first line. */
interface LiveLog {
  current(): LineFile | undefined;
  /** the successor, when the name means another file now */
  rotated(): LineFile | undefined;
  close(): void;
}

const openLive = (path: string): LiveLog => {
  let file = openLines(path);
  return {
    current: () => (file ??= openLines(path)),
    rotated: () => {
      const there = statSync(path, { throwIfNoEntry: false });
      if (file === undefined || there === undefined || there.ino === file.inode) return undefined;
      file.close();
      file = openLines(path);
      return file;
    },
    close: () => file?.close(),
  };
};

function* history(path: string, live: LiveLog): Generator<LogEntry> {
  let oldest = 0;
  while (statSync(`${path}.${String(oldest + 1)}`, { throwIfNoEntry: false }) !== undefined) oldest++;
  for (let index = oldest; index >= 1; index--) {
    const file = openLines(`${path}.${String(index)}`);
    if (file === undefined) continue;
    try {
      yield* entries(file);
    } finally {
      file.close();
    }
  }
  const current = live.current();
  if (current !== undefined) yield* entries(current);
}

function* entries(file: LineFile): Generator<LogEntry> {
  for (const line of file.lines()) yield parseEntry(line);
}

const parseEntry = (line: string): LogEntry => {
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

// ---- selection -----------------------------------------------------------------------------------------------------

/** Lines, not entries, are counted: a long line is stored in several entries, of which the last ends it. */
function* tail(all: Iterable<LogEntry>, count: number | undefined, wanted: Wanted): Generator<LogEntry> {
  if (count === undefined) {
    for (const entry of all) if (wanted(entry) === 'yes') yield entry;
    return;
  }
  const lines: LogEntry[][] = [];
  let open = false;
  for (const entry of all) {
    if (wanted(entry) !== 'yes') continue;
    if (open) lines.at(-1)?.push(entry);
    else lines.push([entry]);
    open = !entry.text.endsWith('\n');
    if (lines.length > count) lines.splice(0, lines.length - count);
  }
  for (const line of lines) yield* line;
}

async function* follow(source: LogSource, live: LiveLog, wanted: Wanted): AsyncGenerator<LogEntry> {
  for (;;) {
    // Asked before reading: what is written before the end is then surely read.
    const running = source.isRunning();
    for (const entry of grown(live)) {
      const verdict = wanted(entry);
      if (verdict === 'past') return;
      if (verdict === 'yes') yield entry;
    }
    if (!running) return;
    await sleep(pollMs);
  }
}

function* grown(live: LiveLog): Generator<LogEntry> {
  const current = live.current();
  if (current !== undefined) yield* entries(current);
  for (let next = live.rotated(); next !== undefined; next = live.rotated()) yield* entries(next);
}
