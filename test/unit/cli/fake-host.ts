// SPDX-License-Identifier: Apache-2.0
// A Host and an Engine without a machine behind them: what commands write and ask for is kept.

import { PassThrough, Readable, Writable } from 'node:stream';
import { dispatch } from '../../../lib/cli/dispatch.js';
import type { Host, TerminalSize } from '../../../lib/cli/host.js';
import { reportFailure } from '../../../lib/cli/run-main.js';
import type {
  AttachSession,
  ContainerService,
  Engine,
  ImageService,
  RegistryService,
  SessionEnd,
  SystemService,
} from '../../../lib/engine/contract.js';

export interface FakeOptions {
  readonly containers?: Partial<ContainerService>;
  readonly images?: Partial<ImageService>;
  readonly registries?: Partial<RegistryService>;
  readonly networks?: Partial<Engine['networks']>;
  readonly system?: Partial<SystemService>;
  readonly stdin?: string;
  readonly stdinIsTerminal?: boolean;
  readonly stdoutIsTerminal?: boolean;
  readonly size?: TerminalSize;
  readonly files?: Readonly<Record<string, string>>;
  /** stdout's reader is gone */
  readonly brokenStdout?: boolean;
}

export interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** what happened to the terminal, in order */
  readonly events: readonly string[];
}

/** Any call that a test did not expect fails it. */
const strict = <T extends object>(name: string, given: Partial<T> = {}): T =>
  new Proxy(given as T, {
    get: (target, property) => {
      if (Reflect.has(target, property)) return Reflect.get(target, property) as unknown;
      throw new Error(`unexpected call: ${name}.${String(property)}`);
    },
  });

export const fakeHost = (options: FakeOptions) => {
  const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const events: string[] = [];
  const signals: ((signal: number) => void)[] = [];
  const resizes: (() => void)[] = [];
  const output = (name: 'stdout' | 'stderr') => ({
    isTerminal: name === 'stdout' && options.stdoutIsTerminal === true,
    write: async (data: string | Uint8Array) => {
      if (name === 'stdout' && options.brokenStdout === true)
        throw Object.assign(new Error('EPIPE: broken pipe, write'), { code: 'EPIPE' });
      written[name].push(Buffer.from(data));
    },
  });
  const disposing = (event: string): Disposable => ({ [Symbol.dispose]: () => events.push(event) });
  const host: Host = {
    stdout: output('stdout'),
    stderr: output('stderr'),
    terminal: {
      stdinIsTerminal: options.stdinIsTerminal ?? false,
      size: () => options.size,
      onResize: (listener) => {
        resizes.push(listener);
        return disposing('size no longer followed');
      },
      onSignals: (listener) => {
        signals.push(listener);
        return disposing('signals let go');
      },
      onStop: (listener) => {
        signals.push(listener);
        return disposing('stop signals let go');
      },
      readStdin: () => ({ stream: Readable.from([Buffer.from(options.stdin ?? '')]), ...disposing('stdin let go') }),
    },
    caller: {
      env: { HOME: '/home/me' },
      cwd: '/home/me',
      readTextFile: (path) => options.files?.[path] ?? '',
    },
    now: () => new Date('2026-01-02T03:07:05Z'),
    openEngine: async () => engine,
    debug: () => undefined,
  };
  const rawTerminal = (): Disposable => {
    events.push('raw');
    return disposing('restored');
  };
  const engine: Engine = {
    containers: strict('containers', options.containers),
    images: strict('images', options.images),
    registries: strict('registries', options.registries),
    networks: strict('networks', options.networks),
    system: strict('system', { rawTerminal, ...options.system }),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return {
    host,
    events,
    signals,
    resizes,
    text: (name: 'stdout' | 'stderr') => Buffer.concat(written[name]).toString(),
  };
};

/** Runs one command line to its exit code, as main does. */
export const sampan = async (words: readonly string[], options: FakeOptions = {}): Promise<Result> => {
  const fake = fakeHost(options);
  let exitCode: number;
  try {
    exitCode = await dispatch(words, fake.host);
  } catch (error) {
    exitCode = await reportFailure(error, fake.host, false);
  }
  return { exitCode, stdout: fake.text('stdout'), stderr: fake.text('stderr'), events: fake.events };
};

export interface FakeSession extends AttachSession {
  readonly received: () => string;
  readonly log: string[];
}

/** A process that writes what it is given, then ends. */
export const fakeSession = (given: {
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
  readonly tty?: boolean;
  readonly end?: SessionEnd;
  /** keep the output open until stdin has ended, and echo it */
  readonly echo?: boolean;
}): FakeSession => {
  const received: Buffer[] = [];
  const log: string[] = [];
  const stdout = new PassThrough();
  for (const chunk of given.stdout ?? []) stdout.write(chunk);
  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      received.push(chunk);
      if (given.echo === true) stdout.write(chunk);
      done();
    },
    final: (done) => {
      log.push('stdin ended');
      if (given.echo === true) stdout.end();
      done();
    },
  });
  if (given.echo !== true) stdout.end();
  return {
    tty: given.tty ?? false,
    stdout,
    stderr: Readable.from((given.stderr ?? []).map((text) => Buffer.from(text))),
    stdin,
    resize: (columns, rows) => log.push(`size ${columns}x${rows}`),
    signal: (signal) => log.push(`signal ${signal}`),
    end: Promise.resolve(given.end ?? { kind: 'exited', exitCode: 0, signal: 0 }),
    received: () => Buffer.concat(received).toString(),
    log,
    [Symbol.asyncDispose]: async () => {
      log.push('disposed');
    },
  };
};
