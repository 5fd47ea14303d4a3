// SPDX-License-Identifier: Apache-2.0
// The client's end of an attached process: frames become streams, streams become frames.

import { Readable, Writable } from 'node:stream';
import { sampanError } from '../errors/sampan-error.js';
import { maxPayloadSize, streamStderr, streamStdin, streamStdout, type HelperEvent } from '../native/frames.js';
import type { Connection } from './connection.js';

export type SessionEnd =
  { readonly kind: 'exited'; readonly exitCode: number; readonly signal: number } | { readonly kind: 'detached' };

export interface Session extends AsyncDisposable {
  readonly tty: boolean;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly stdin: Writable;
  resize(columns: number, rows: number): void;
  signal(signal: number): void;
  readonly end: Promise<SessionEnd>;
}

/** Streams of ATTACH and attach_control (frames.def). */
export const streamBits = (streams: {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}): number =>
  (streams.stdin ? streamStdin : 0) | (streams.stdout ? streamStdout : 0) | (streams.stderr ? streamStderr : 0);

export interface SessionOptions {
  readonly tty: boolean;
  /** how the user calls the container */
  readonly subject: string;
  /** work to do after EXIT, before `end` resolves; the monitor sees until then that somebody takes care */
  readonly onExit?: (() => Promise<void>) | undefined;
  /** straight to the process, because a frame would queue behind input that nobody reads */
  readonly signal: (signal: number) => void;
}

/** Loads what openSession() needs: while a helper is at work there is time for it. */
export const prepareSession = (): void => {
  new Readable().destroy();
};

export const openSession = (connection: Connection, options: SessionOptions): Session => {
  const stdout = fedReadable();
  const stderr = fedReadable();
  const run = async (): Promise<SessionEnd> => {
    try {
      const how = await pump(connection, { stdout, stderr, subject: options.subject });
      stdout.finish();
      stderr.finish();
      if (how.kind === 'exited') await options.onExit?.();
      return how;
    } finally {
      stdout.finish();
      stderr.finish();
      connection.close();
    }
  };
  const end = run();
  // Whoever opened the session awaits `end`; until then a rejection is not unhandled.
  end.catch(() => undefined);
  return {
    tty: options.tty,
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdin: inputOf(connection),
    end,
    resize: (columns, rows) => void connection.send({ type: 'resize', columns, rows }),
    signal: options.signal,
    [Symbol.asyncDispose]: () => {
      connection.close();
      return Promise.resolve();
    },
  };
};

interface Outputs {
  readonly stdout: FedReadable;
  readonly stderr: FedReadable;
  readonly subject: string;
}

const pump = async (connection: Connection, outputs: Outputs): Promise<SessionEnd> => {
  for (;;) {
    const frame = await connection.receive();
    if (frame === undefined) {
      throw sampanError('ERR_CONTAINER_STATE', {
        subject: `${outputs.subject}: the connection to its monitor was lost`,
        hint: `'sampan inspect ${outputs.subject}' tells what became of it`,
      });
    }
    const end = await deliver(frame, outputs);
    if (end !== undefined) return end;
  }
};

const deliver = async (frame: HelperEvent, { stdout, stderr }: Outputs): Promise<SessionEnd | undefined> => {
  if (frame.type === 'stdoutData') await stdout.deliver(frame.data);
  else if (frame.type === 'stderrData') await stderr.deliver(frame.data);
  else if (frame.type === 'exit') return { kind: 'exited', exitCode: frame.code, signal: frame.signal };
  else if (frame.type === 'detached') return { kind: 'detached' };
  return undefined;
};

/** Readables of one session are made by a function: a class would load node:stream with every command. */
interface FedReadable {
  readonly stream: Readable;
  /** waits until there is room again */
  deliver(chunk: Buffer): Promise<void>;
  /** idempotent */
  finish(): void;
}

const fedReadable = (): FedReadable => {
  let room: (() => void) | undefined;
  let finished = false;
  const stream = new Readable({
    read: () => {
      room?.();
      room = undefined;
    },
    destroy: (error, callback) => {
      // A reader that has gone must not hold the other stream.
      room?.();
      callback(error);
    },
  });
  return {
    stream,
    deliver: async (chunk) => {
      if (stream.destroyed || stream.push(chunk)) return;
      await new Promise<void>((resolve) => {
        room = resolve;
      });
    },
    finish: () => {
      if (!stream.destroyed && !finished) stream.push(null);
      finished = true;
    },
  };
};

const inputOf = (connection: Connection): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      sendInput(connection, chunk).then(() => {
        done();
      }, done);
    },
    final: (done) => {
      connection.send({ type: 'stdinEof' }).then(() => {
        done();
      }, done);
    },
  });

const sendInput = async (connection: Connection, chunk: Buffer): Promise<void> => {
  for (let start = 0; start < chunk.length; start += maxPayloadSize) {
    await connection.send({ type: 'stdinData', data: chunk.subarray(start, start + maxPayloadSize) });
  }
};
