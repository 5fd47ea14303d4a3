// SPDX-License-Identifier: Apache-2.0
// Questions to the person at the terminal, also for secrets, which do not appear on the screen.
//
// How this works: a line is read with the terminal's own editing. For a secret the terminal is made raw, so that it echoes
// nothing, and the few keys that matter are understood here. The mode from before comes back whatever happens; only a
// SIGKILL leaves it, as with any program.

import type { Output, Terminal } from './host.js';
import { sampanError } from '../errors/sampan-error.js';

export interface Prompt extends Disposable {
  /** Up to the end of the line. @throws ERR_ARGUMENTS at the end of input, and the signal's reason */
  ask(question: string): Promise<string>;
  /** undefined: interrupted by ctrl-c */
  askSecret(question: string): Promise<string | undefined>;
}

export interface PromptOptions {
  readonly terminal: Pick<Terminal, 'readStdin'>;
  readonly screen: Pick<Output, 'write'>;
  /** makes the terminal raw until it is disposed */
  readonly raw: () => Disposable;
  readonly signal: AbortSignal;
}

export const openPrompt = ({ terminal, screen, raw, signal }: PromptOptions): Prompt => {
  const stdin = terminal.readStdin();
  const stop = (): void => stdin[Symbol.dispose]();
  signal.addEventListener('abort', stop, { once: true });
  const keys = keysOf(stdin.stream as AsyncIterable<Uint8Array>);
  const next = async (): Promise<number> => {
    const { value, done } = await keys.next();
    signal.throwIfAborted();
    if (done === true)
      throw sampanError('ERR_ARGUMENTS', { subject: 'the input ended before the question was answered' });
    return value;
  };
  return {
    ask: async (question) => {
      await screen.write(question);
      return readLine(next);
    },
    askSecret: async (question) => {
      await screen.write(question);
      try {
        using _raw = raw();
        return await readHidden(next);
      } finally {
        await screen.write('\n');
      }
    },
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', stop);
      stop();
    },
  };
};

async function* keysOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<number, undefined> {
  for await (const chunk of stream) yield* chunk;
  return undefined;
}

const newline = 0x0a;
const carriageReturn = 0x0d;

type NextKey = () => Promise<number>;

const readLine = async (next: NextKey): Promise<string> => {
  const bytes: number[] = [];
  for (let key = await next(); key !== newline; key = await next()) bytes.push(key);
  return Buffer.from(bytes).toString('utf8');
};

const readHidden = async (next: NextKey): Promise<string | undefined> => {
  let bytes: number[] = [];
  for (;;) {
    const key = await next();
    switch (key) {
      case newline:
      case carriageReturn:
        return Buffer.from(bytes).toString('utf8');
      case 0x03: // ctrl-c, which is no signal in raw mode
        return undefined;
      case 0x04: // ctrl-d
        if (bytes.length > 0) break;
        throw sampanError('ERR_ARGUMENTS', { subject: 'the input ended before the question was answered' });
      case 0x08: // backspace, of one kind of terminal and the other
      case 0x7f:
        bytes = withoutLast(bytes);
        break;
      case 0x15: // ctrl-u
        bytes = [];
        break;
      default:
        bytes.push(key);
    }
  }
};

/** A character of UTF-8 may be several bytes. */
const withoutLast = (bytes: readonly number[]): number[] =>
  [...[...Buffer.from(bytes).toString('utf8')].slice(0, -1).join('')].flatMap((char) => [...Buffer.from(char)]);
