// SPDX-License-Identifier: Apache-2.0
// Debug logs, as JSON lines. Made by the command line when debugging is asked for, never at import: pino costs as much
// to load as the rest of a command.

import { destination, pino, type Logger } from 'pino';

export interface LogOptions {
  /** where to write: 2 is stderr */
  readonly fd: number;
  readonly level: 'debug' | 'trace';
}

/** Writes synchronously: a line before a crash is the one that matters. */
export const openLog = ({ fd, level }: LogOptions): Logger =>
  pino({ level, base: { pid: process.pid } }, destination({ fd, sync: true }));
