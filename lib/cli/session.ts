// SPDX-License-Identifier: Apache-2.0
// The foreground: joins this process's stdin, stdout, stderr, terminal and signals to an attached process.
//
// How this works: each output stream is copied by a loop that waits for the write before it reads on, so that a slow
// reader slows the container and nothing is kept in memory or lost. stdin is copied the same way; its end is passed on.
// The terminal is raw from the first byte until the session ends, whatever ends it. When our reader goes away (EPIPE)
// the session is left; `run --rm` then ends the container, others go on, as with docker.

import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hasErrno } from '../errors/sampan-error.js';
import type { AttachSession, SessionEnd, SystemService } from '../engine/contract.js';
import type { Host, Output } from './host.js';

export interface ForegroundOptions {
  readonly host: Host;
  /** of the engine that the session came from */
  readonly system: Pick<SystemService, 'rawTerminal'>;
  /** pass our stdin on */
  readonly stdin: boolean;
  readonly sigProxy: boolean;
}

/** Resolves when the process has ended or the user has detached; everything it wrote is written by then. */
export const runInForeground = async (session: AttachSession, options: ForegroundOptions): Promise<SessionEnd> => {
  const { host } = options;
  const cleanups: Disposable[] = [];
  try {
    if (options.sigProxy) cleanups.push(host.terminal.onSignals((signal) => session.signal(signal)));
    if (session.tty) cleanups.push(...followTerminal(session, options));
    if (options.stdin) cleanups.push(passStdin(session, host));
    await Promise.all([copyOutput(session.stdout, host.stdout), copyOutput(session.stderr, host.stderr)]);
    return await session.end;
  } finally {
    for (const cleanup of cleanups.reverse()) cleanup[Symbol.dispose]();
    await session[Symbol.asyncDispose]();
  }
};

/** The exit code of the session: the process's own, 128+n by signal; 0 after detaching. */
export const sessionExitCode = async (end: SessionEnd, host: Host): Promise<number> => {
  switch (end.kind) {
    case 'exited':
      return end.signal > 0 ? 128 + end.signal : end.exitCode;
    case 'detached':
      await host.stderr.write('read escape sequence\n');
      return 0;
  }
};

const stdinFd = 0;

const followTerminal = (session: AttachSession, { host, system, stdin }: ForegroundOptions): readonly Disposable[] => {
  const resize = (): void => {
    const size = host.terminal.size();
    if (size !== undefined) session.resize(size.columns, size.rows);
  };
  resize();
  const raw = stdin && host.terminal.stdinIsTerminal ? [system.rawTerminal(stdinFd)] : [];
  return [host.terminal.onResize(resize), ...raw];
};

const passStdin = (session: AttachSession, host: Host): Disposable => {
  const stdin = host.terminal.readStdin();
  pipeline(stdin.stream, session.stdin).catch((error: unknown) => {
    // The process closed its stdin or has ended, or we have stopped reading: what it did not take is nobody's.
    if (hasErrno(error, 'EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'EIO'))
      session.stdin.destroy();
    else session.stdin.destroy(error instanceof Error ? error : undefined);
  });
  // A failure of stdin reaches the session's end; without a listener it would end this process.
  session.stdin.on('error', (error) => host.debug('stdin of the container', { error: String(error) }));
  return stdin;
};

const copyOutput = async (from: Readable, to: Output): Promise<void> => {
  for await (const chunk of from) {
    await to.write(chunk as Uint8Array); // a byte stream: no encoding is set, no object mode
  }
};
