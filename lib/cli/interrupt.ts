// SPDX-License-Identifier: Apache-2.0
// Ctrl-C in long work: the work is asked to stop and cleans up, and the exit code says which signal it was.

import type { Host } from './host.js';

export interface Interrupt extends Disposable {
  /** aborted by the first SIGINT, SIGTERM or SIGHUP */
  readonly signal: AbortSignal;
  /** 128 + the signal's number; undefined when there was none */
  exitCode(): number | undefined;
}

export const openInterrupt = ({ terminal }: Pick<Host, 'terminal'>): Interrupt => {
  const abort = new AbortController();
  let code: number | undefined;
  const listening = terminal.onStop((signal) => {
    // a second one ends this process at once
    listening[Symbol.dispose]();
    code = 128 + signal;
    abort.abort(new Error('interrupted'));
  });
  return { signal: abort.signal, exitCode: () => code, [Symbol.dispose]: () => listening[Symbol.dispose]() };
};

/** What fails after an interrupt has failed because of it: nothing more is said. */
export const interruptible = async (
  host: Pick<Host, 'terminal'>,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> => {
  using interrupt = openInterrupt(host);
  try {
    return await work(interrupt.signal);
  } catch (error) {
    const code = interrupt.exitCode();
    if (code === undefined) throw error;
    return code;
  }
};
