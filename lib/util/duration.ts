// SPDX-License-Identifier: Apache-2.0
// Durations: Go's notation (1h30m, 1.5s, 300ms) and docker's words (3 minutes, About an hour).

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds; undefined when the text is no Go duration. */
export const parseDuration = (text: string): number | undefined => {
  const match = /^([+-]?)(0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/.exec(text);
  if (match === null) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g)) {
    total += Number(number) * (unitMs[unit ?? ''] ?? 0);
  }
  return match[1] === '-' ? -total : total;
};

/** From each limit (seconds) on, the words; docker's own steps. */
const steps: readonly (readonly [below: number, words: (seconds: number) => string])[] = [
  [1, () => 'Less than a second'],
  [2, () => '1 second'],
  [60, (seconds) => `${String(Math.floor(seconds))} seconds`],
  [120, () => 'About a minute'],
  [3600, (seconds) => `${String(Math.floor(seconds / 60))} minutes`],
  [5400, () => 'About an hour'],
  [48 * 3600, (seconds) => `${String(Math.round(seconds / 3600))} hours`],
  [14 * 86_400, (seconds) => `${String(Math.floor(Math.round(seconds / 3600) / 24))} days`],
  [60 * 86_400, (seconds) => `${String(Math.floor(Math.round(seconds / 3600) / 24 / 7))} weeks`],
  [730 * 86_400, (seconds) => `${String(Math.floor(Math.round(seconds / 3600) / 24 / 30))} months`],
];

/** docker's words: `3 minutes`, `About an hour`, `10 months`. */
export const humanDuration = (milliseconds: number): string => {
  const seconds = Math.max(0, milliseconds) / 1000;
  const step = steps.find(([below]) => seconds < below);
  return step?.[1](seconds) ?? `${String(Math.floor(seconds / 3600 / 24 / 365))} years`;
};
