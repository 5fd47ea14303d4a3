// SPDX-License-Identifier: Apache-2.0
// Layers on their way, as lines of a terminal: those under way are drawn anew in place, each as wide as the terminal at
// most; one that is finished is printed once above them and stays.

import { formatBytes } from '../../util/bytes.js';
import type { TerminalSize } from '../host.js';

export interface LayerState {
  /** the first digits of its digest */
  readonly id: string;
  /** Downloading, Pushing ... */
  readonly activity: string;
  readonly bytes: number;
  readonly sizeBytes: number;
  /** since when it is under way, and with how many bytes */
  readonly since: { readonly ms: number; readonly bytes: number };
}

export interface BoardFrame {
  readonly finished: readonly string[];
  readonly active: readonly LayerState[];
  /** lines of the frame before that are to be overwritten */
  readonly drawnLines: number;
  readonly size: TerminalSize | undefined;
  readonly nowMs: number;
}

const up = (lines: number): string => (lines === 0 ? '' : `\x1b[${String(lines)}A`);
const eraseLineEnd = '\x1b[K';
const eraseBelow = '\x1b[J';
const defaultSize: TerminalSize = { columns: 80, rows: 24 };

/** One write: nothing is erased before its replacement is there, so nothing flickers. */
export const frameText = (frame: BoardFrame): { readonly text: string; readonly lines: number } => {
  const { columns, rows } = frame.size ?? defaultSize;
  // what scrolls off the top cannot be reached any more
  const shown = frame.active.slice(0, Math.max(rows - 2, 1));
  const lines = shown.map((layer) => activeLine(layer, frame.nowMs, columns));
  const text = [...frame.finished.map((line) => line.slice(0, columns - 1)), ...lines]
    .map((line) => `${line}${eraseLineEnd}\n`)
    .join('');
  return { text: `${up(frame.drawnLines)}\r${text}${eraseBelow}`, lines: lines.length };
};

const widestBar = 30;
/** id, activity, sizes and rate */
const textColumns = 60;

const activeLine = (layer: LayerState, nowMs: number, columns: number): string => {
  const { id, activity, bytes, sizeBytes } = layer;
  const counts = `${formatBytes(bytes, 3)}/${formatBytes(sizeBytes, 3)}`.padEnd(15);
  const barColumns = Math.min(widestBar, columns - textColumns);
  const bar = barColumns < 5 ? '' : `${barOf(bytes / Math.max(sizeBytes, 1), barColumns)} `;
  // one less than the terminal has: a full line wraps on some
  return `${id}: ${activity.padEnd(12)} ${bar}${counts} ${rateOf(layer, nowMs)}`.slice(0, columns - 1).trimEnd();
};

const barOf = (share: number, columns: number): string => {
  const filled = Math.min(columns, Math.floor(share * columns));
  return `[${`${'='.repeat(filled)}${filled < columns ? '>' : ''}`.padEnd(columns).slice(0, columns)}]`;
};

const rateOf = ({ bytes, since }: LayerState, nowMs: number): string => {
  const seconds = (nowMs - since.ms) / 1000;
  return seconds < 0.2 || bytes <= since.bytes ? '' : `${formatBytes((bytes - since.bytes) / seconds, 3)}/s`;
};
