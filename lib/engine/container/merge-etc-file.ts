// SPDX-License-Identifier: Apache-2.0
// A generated file of a container that others have changed since: our lines that are not true any more go, new ones come,
// all others stay. Pure; a line is ours when it is exactly what we wrote.

export interface EtcFileChange {
  readonly current: string;
  /** what we wrote last; more than one when a killed command may have written the last of them */
  readonly made: readonly string[];
  readonly next: string;
}

/** New lines come where the first old one was, or at the end. */
export const mergeHosts = (change: EtcFileChange): string => merge(change, { appends: true });

/** New lines come in an old one's place only: who has taken our name server away has his reasons. */
export const mergeResolvConf = (change: EtcFileChange): string => merge(change, { appends: false });

const merge = ({ current, made, next }: EtcFileChange, { appends }: { readonly appends: boolean }): string => {
  if (made.includes(current)) return next;
  const ours = made.map((text) => new Set(linesOf(text)));
  const inNext = new Set(linesOf(next));
  const lines = linesOf(current);
  const isStale = (line: string): boolean => !inNext.has(line) && ours.some((one) => one.has(line));
  // A line that was ours before, and still is, and is missing: somebody has taken it away.
  const added = [...inNext].filter((line) => !ours.every((one) => one.has(line)) && !lines.includes(line));
  const first = lines.findIndex(isStale);
  if (first < 0) return appends && added.length > 0 ? textOf([...lines, ...added]) : current;
  const kept = (part: readonly string[]): readonly string[] => part.filter((line) => !isStale(line));
  return textOf([...kept(lines.slice(0, first)), ...added, ...kept(lines.slice(first))]);
};

/** Of text without a newline at its end, too. */
const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
const textOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
