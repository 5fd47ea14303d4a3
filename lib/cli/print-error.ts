// SPDX-License-Identifier: Apache-2.0
// Failures as text: `sampan: what failed on what: the cause`, then the hint.

import { isSampanError } from '../errors/sampan-error.js';

export interface PrintOptions {
  readonly debug: boolean;
}

/** With its newline; with `debug` the stack too. */
export const errorText = (error: unknown, { debug }: PrintOptions): string => {
  const hint = hintOf(error);
  const lines = [`sampan: ${causeChain(error).join(': ')}`, ...(hint === undefined ? [] : [`hint: ${hint}`])];
  if (debug && isErrorLike(error) && error.stack !== undefined) lines.push(error.stack);
  return `${lines.map(harmless).join('\n')}\n`;
};

/** Names from images and archives must not drive the terminal: control characters (C0 but newline and tab, C1) are shown. */
const harmless = (text: string): string =>
  text.replace(/[^\P{Cc}\n\t]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** The messages from the outside in; one that the message before contains already is left out. */
const causeChain = (error: unknown): readonly string[] => {
  const messages: string[] = [];
  for (let next = error; next !== undefined && next !== null; next = causeOf(next)) {
    const message = messageOf(next, messages);
    if (message !== '' && messages.at(-1)?.includes(message) !== true) messages.push(message);
  }
  return messages;
};

/** By its parts, not by instanceof: an error may come from another realm. */
const isErrorLike = (error: unknown): error is Error =>
  typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';

const causeOf = (error: unknown): unknown => (isErrorLike(error) ? error.cause : undefined);

/** Node's system errors, `EACCES: permission denied, open '/x'`, without the code, and the path only if nobody said it. */
const messageOf = (error: unknown, said: readonly string[]): string => {
  if (!isErrorLike(error)) return String(error);
  if (isSampanError(error)) return error.message;
  const system = /^[A-Z][A-Z0-9]+: (.+?), (\w+)(?: '(.*)')?$/s.exec(error.message);
  if (system === null) return error.message;
  const [, problem = '', call = '', path] = system;
  return path === undefined || said.some((message) => message.includes(path))
    ? `${call}: ${problem}`
    : `${call} ${path}: ${problem}`;
};

/** The outermost hint of the chain. */
const hintOf = (error: unknown): string | undefined => {
  for (let next = error; next !== undefined && next !== null; next = causeOf(next)) {
    if (isSampanError(next) && next.hint !== undefined) return next.hint;
  }
  return undefined;
};
