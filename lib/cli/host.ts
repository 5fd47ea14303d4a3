// SPDX-License-Identifier: Apache-2.0
// Everything of this process that commands touch, as one interface: commands are tested with a fake one.

import type { Readable } from 'node:stream';
import type { Engine } from '../engine/contract.js';
import type { Caller } from '../options/caller.js';

/** stdout or stderr. A write resolves when the kernel has the bytes: nothing is lost when the process exits after it. */
export interface Output {
  write(data: string | Uint8Array): Promise<void>;
  readonly isTerminal: boolean;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** stdin, the terminal behind it, and signals. */
export interface Terminal {
  readonly stdinIsTerminal: boolean;
  /** undefined when no terminal shows the output */
  size(): TerminalSize | undefined;
  onResize(listener: () => void): Disposable;
  /** from now on these signals are the listener's; gives back the defaults when disposed */
  onSignals(listener: (signal: number) => void): Disposable;
  /** as onSignals, but only those that end a command: hang-up, interrupt, termination */
  onStop(listener: (signal: number) => void): Disposable;
  /** the bytes of stdin; disposing stops reading */
  readStdin(): { readonly stream: Readable } & Disposable;
}

export interface Host {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly terminal: Terminal;
  readonly caller: Caller;
  now(): Date;
  openEngine(): Promise<Engine>;
  /** debug lines on stderr, only with --debug or SAMPAN_LOG */
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** Opens the engine for the time of one piece of work. */
export const withEngine = async <T>(host: Host, work: (engine: Engine) => Promise<T>): Promise<T> => {
  const engine = await host.openEngine();
  try {
    return await work(engine);
  } finally {
    await engine[Symbol.asyncDispose]();
  }
};
