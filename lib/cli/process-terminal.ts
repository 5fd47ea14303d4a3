// SPDX-License-Identifier: Apache-2.0
// The Terminal of a real process: stdin, its modes, window size, signals.

import { constants } from 'node:os';
import { WriteStream } from 'node:tty';
import type { Terminal, TerminalSize } from './host.js';
import { isTerminal } from './is-terminal.js';

/**
 * What is passed on to the container (docker passes everything but SIGCHLD, SIGPIPE, SIGURG; a window size has a frame
 * of its own). SIGKILL and SIGSTOP cannot be caught.
 */
const proxied = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGPWR',
] as const;

export const processTerminal = (): Terminal => ({
  stdinIsTerminal: isTerminal(0),
  size: () => windowSize(),
  onResize: (listener) => {
    process.on('SIGWINCH', listener);
    return { [Symbol.dispose]: () => process.off('SIGWINCH', listener) };
  },
  onSignals: (listener) => listenTo(proxied, listener),
  onStop: (listener) => listenTo(['SIGHUP', 'SIGINT', 'SIGTERM'], listener),
  readStdin: () => {
    const { stdin } = process;
    return {
      stream: stdin,
      [Symbol.dispose]: () => {
        stdin.pause();
        stdin.destroy();
      },
    };
  },
});

const listenTo = (signals: readonly NodeJS.Signals[], listener: (signal: number) => void): Disposable => {
  const listen = (name: NodeJS.Signals): void => listener(constants.signals[name]);
  for (const signal of signals) process.on(signal, listen);
  return {
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, listen);
    },
  };
};

/** Of the terminal that shows the output, else of the one that is typed on. */
const windowSize = (): TerminalSize | undefined => {
  if (isTerminal(1)) return sizeOf(process.stdout);
  if (isTerminal(2)) return sizeOf(process.stderr);
  if (!isTerminal(0)) return undefined;
  // Only process.stdout and process.stderr follow the window: a stream of our own measures once, when it is made.
  const stream = new WriteStream(0);
  try {
    return sizeOf(stream);
  } finally {
    stream.destroy();
  }
};

const sizeOf = (stream: NodeJS.WriteStream | WriteStream): TerminalSize | undefined => {
  const { columns, rows } = stream;
  return columns > 0 && rows > 0 ? { columns, rows } : undefined;
};
