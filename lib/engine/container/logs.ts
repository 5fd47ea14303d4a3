// SPDX-License-Identifier: Apache-2.0
// Reading a container's log: docker's json-file format, rotated files oldest first, then following.
//
// How this works: the files <log>.N ... <log>.1, <log> are read in that order as one stream of entries. --tail reads
// them backwards from the end. To follow, the live file is read on as it grows; when its name shows another inode,
// the monitor has rotated: the rest of the old file is read, then those that were begun since, each from its start.

import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEntry, LogOptions } from '../contract.js';
import { parseEntry } from './log-entry.js';
import { openLogFile, type LogFile } from './log-file.js';

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
    if (options.tail === undefined) yield* wantedOf(history(source.path, live), wanted);
    else yield* lastLines(wantedOf(historyBackwards(source.path, live), wanted), options.tail);
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
  if (from === undefined && to === undefined) return () => 'yes';
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

/** The live log, which may be rotated away and may not be there before the first line. */
interface LiveLog {
  current(): LogFile | undefined;
  /** the successor, when the name means another file now */
  rotated(): LogFile | undefined;
  close(): void;
}

const openLive = (path: string): LiveLog => {
  let file = openLogFile(path);
  return {
    current: () => (file ??= openLogFile(path)),
    rotated: () => {
      const next = file === undefined ? undefined : successorOf(path, file.inode);
      if (next === undefined) return undefined;
      file?.close();
      file = next;
      return file;
    },
    close: () => file?.close(),
  };
};

/** The rotated files, the newest first. One that the live file was rotated to since it was opened is not among them. */
function* rotatedFiles(path: string, live: LiveLog): Generator<LogFile> {
  for (let index = 1; ; index++) {
    const file = openLogFile(`${path}.${String(index)}`);
    if (file === undefined) return;
    try {
      if (file.inode !== live.current()?.inode) yield file;
    } finally {
      file.close();
    }
  }
}

/**
 * The file that was begun after the one with this inode. Several may have been since the last look, so it is not always
 * the live one. undefined: this is the live one.
 */
const successorOf = (path: string, inode: number): LogFile | undefined => {
  const nameOf = (index: number): string => (index === 0 ? path : `${path}.${String(index)}`);
  const inodeOf = (index: number): number | undefined => statSync(nameOf(index), { throwIfNoEntry: false })?.ino;
  for (;;) {
    if ([inode, undefined].includes(inodeOf(0))) return undefined;
    let index = 1;
    for (let seen = inodeOf(1); seen !== undefined && seen !== inode; seen = inodeOf(index)) index++;
    const next = openLogFile(nameOf(index - 1));
    // Rotated again while we looked: then the name has another meaning now.
    const last = inodeOf(index);
    if (next !== undefined && (last === inode || last === undefined) && inodeOf(index - 1) === next.inode) return next;
    next?.close();
  }
};

function* history(path: string, live: LiveLog): Generator<LogEntry> {
  let oldest = 0;
  while (statSync(`${path}.${String(oldest + 1)}`, { throwIfNoEntry: false }) !== undefined) oldest++;
  for (let index = oldest; index >= 1; index--) {
    const file = openLogFile(`${path}.${String(index)}`);
    if (file === undefined) continue;
    try {
      if (file.inode !== live.current()?.inode) yield* entries(file);
    } finally {
      file.close();
    }
  }
  const current = live.current();
  if (current !== undefined) yield* entries(current);
}

/** Everything there is, the last entry first. */
function* historyBackwards(path: string, live: LiveLog): Generator<LogEntry> {
  const current = live.current();
  if (current !== undefined) for (const line of current.linesBackwards()) yield parseEntry(line);
  for (const file of rotatedFiles(path, live)) for (const line of file.linesBackwards()) yield parseEntry(line);
}

function* entries(file: LogFile): Generator<LogEntry> {
  for (const line of file.lines()) yield parseEntry(line);
}

// ---- selection -----------------------------------------------------------------------------------------------------

function* wantedOf(all: Iterable<LogEntry>, wanted: Wanted): Generator<LogEntry> {
  for (const entry of all) if (wanted(entry) === 'yes') yield entry;
}

/**
 * The entries of the last lines, read from the end: no more is read than is shown. Lines are counted, not entries: a long
 * line is stored in several entries, of which the last ends it.
 */
const lastLines = (backwards: Iterable<LogEntry>, count: number): readonly LogEntry[] => {
  const found: LogEntry[] = [];
  let lines = 0;
  for (const entry of backwards) {
    if (found.length === 0 || entry.text.endsWith('\n')) lines++;
    if (lines > count) break;
    found.push(entry);
  }
  return found.reverse();
};

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
