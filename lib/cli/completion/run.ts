// SPDX-License-Identifier: Apache-2.0
// `sampan __complete SHELL WORDS...`: what the completion scripts of the shells ask. First line: files or words; then
// one candidate per line, with its description behind a tab where the shell can show one.

import type { Host } from '../host.js';
import { complete, type Candidate } from './candidates.js';
import { brokenOff, splitLine } from './shell-line.js';

/** What a name must not have in any shell's list. */
const breaksLines = /[\p{Cc}]/u;

export const runComplete = async ([shell = '', ...rest]: readonly string[], host: Host): Promise<number> => {
  const words = shell === 'bash' ? splitLine(rest[0] ?? '').slice(1) : rest;
  const found = await complete(words, host);
  if (found === 'files') {
    await host.stdout.write('files\n');
    return 0;
  }
  const off = shell === 'bash' ? brokenOff(words.at(-1) ?? '').length : 0;
  const line = ({ word, text }: Candidate): string =>
    shell === 'bash' || text === undefined ? `${word.slice(off)}\n` : `${word}\t${text}\n`;
  const shown = found.filter(({ word }) => !breaksLines.test(word));
  await host.stdout.write(['words\n', ...shown.map(line)].join(''));
  return 0;
};
