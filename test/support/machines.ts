// SPDX-License-Identifier: Apache-2.0
// The two machines of the program tests (scripts/testing/two-machines.mjs): "host", where the tests and netd run, and
// "other", another machine of its network; and programs in a container, on the host and on the other one.

import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import { program } from './paths.js';
import { ok, sandbox, uniqueName } from './tool.js';

export type Place = 'container' | 'host' | 'other';
export const places: readonly Place[] = ['container', 'host', 'other'];

/** The sizes that take long: SAMPAN_TEST_FULL=1. */
export const isFull = process.env['SAMPAN_TEST_FULL'] !== undefined;

export const hostIp = process.env['SAMPAN_TEST_HOST'] ?? '';
export const otherIp = process.env['SAMPAN_TEST_OTHER'] ?? '';
export const otherIp6 = process.env['SAMPAN_TEST_OTHER6'] ?? '';

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ask = (socket: string, body: unknown): Promise<string> =>
  new Promise((resolve, reject) => {
    const socketPath = join(process.env['SAMPAN_TEST_MACHINES'] ?? '', socket);
    const asked = request({ socketPath, method: 'POST', path: '/' }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(text));
      });
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });

/** Until the next call, the cable loses and doubles these percentages; what is overtaken comes some milliseconds later. */
export const setLink = async ({ lost = 0, doubled = 0, overtaken = 0, ms = 2 } = {}): Promise<void> => {
  await ask('control', { impair: [lost, doubled, overtaken, ms] });
};

/** ip(8) as root of a machine. */
export const ip = async (place: 'host' | 'other', ...args: readonly string[]): Promise<void> => {
  await ask('control', { ip: [place, ...args] });
};

/** A setting of a machine's network namespace, written by root. */
export const sysctl = async (place: 'host' | 'other', name: string, value: string): Promise<void> => {
  await ask('control', { sysctl: [place, name, value] });
};

const onOther = async (command: readonly string[], timeoutMs: number): Promise<Finished> =>
  JSON.parse(await ask('agent', { command, env: sandbox().env, timeoutMs })) as Finished; // other-machine.mjs

const onHost = ([name = '', ...args]: readonly string[], timeoutMs: number): Promise<Finished> =>
  new Promise((resolve) => {
    // a container's first process ignores SIGTERM
    const options = { env: sandbox().env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 1 << 26 } as const;
    execFile(name, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 137;
      resolve({ code, stdout, stderr });
    });
  });

/** Runs it on the other machine until disposed; it has to say "ready". */
export const startOnOther = async (command: readonly string[]): Promise<AsyncDisposable> => {
  const { pid } = JSON.parse(await ask('agent', { command, env: sandbox().env, start: true })) as {
    readonly pid: number;
  };
  return {
    [Symbol.asyncDispose]: async () => {
      await ask('agent', { end: pid });
    },
  };
};

/** A program of the machine itself (in a container: of the image host, with the repository's test directory mounted). */
export const runAt = async (place: Place, command: readonly string[], timeoutMs = 50_000): Promise<string> => {
  const { code, stdout, stderr } = await finishedAt(place, command, timeoutMs);
  if (code === 0) return stdout;
  throw new Error(
    `at ${place}: ${command.join(' ')} exited ${String(code)}\n${stdout.slice(-1000)}${stderr.slice(-2000)}`,
  );
};

const finishedAt = (place: Place, command: readonly string[], timeoutMs: number): Promise<Finished> => {
  switch (place) {
    case 'host':
      return onHost(command, timeoutMs);
    case 'other':
      return onOther(command, timeoutMs);
    case 'container': {
      const mount = join(__dirname, '..');
      return onHost(
        [program, 'run', '--rm', '--network', 'bridge', '-v', `${mount}:${mount}:ro`, 'host', ...command],
        timeoutMs,
      );
    }
  }
};

// ---- programs of the image ------------------------------------------------------------------------------------------

const imageName = 'programs:test';
const loaded = new WeakSet<object>();

/** Imported once per sandbox. */
export const programs = async (): Promise<string> => {
  const directory = process.env['SAMPAN_TEST_PROGRAMS'] ?? '';
  if (!loaded.has(sandbox())) await ok(['import', join(directory, 'rootfs.tar'), imageName], { timeoutMs: 180_000 });
  loaded.add(sandbox());
  return imageName;
};

/** A shell command with the image's programs, in a network of its own or in that of a machine. */
export const shellAt = async (
  place: Place,
  command: string,
  timeoutMs = 50_000,
  options: readonly string[] = [],
): Promise<string> => {
  const network = place === 'container' ? 'bridge' : 'host';
  const args = ['run', '--rm', '--network', network, ...options, await programs(), 'sh', '-c', command];
  return runAt(place === 'container' ? 'host' : place, [program, ...args], timeoutMs);
};

export interface Server {
  readonly name: string;
  /** where it is reached from there */
  readonly at: (place: Place, port: string) => Promise<readonly [string, string]>;
}

/** Serves in a container whose ports are published. */
export const serveInContainer = async (
  ports: readonly string[],
  options: readonly string[],
  command: string,
): Promise<Server> => {
  const name = uniqueName('server');
  const flags = ['-d', '--name', name, '--network', 'bridge', ...ports.flatMap((port) => ['-p', port]), ...options];
  await ok(['run', ...flags, await programs(), 'sh', '-c', command]);
  const inside = await ok(['inspect', '-f', '{{.NetworkSettings.IPAddress}}', name]);
  return {
    name,
    at: async (place, port) => {
      if (place === 'container') return [inside, port];
      const published = /:(\d+)$/m.exec(await ok(['port', name, port]))?.[1] ?? '';
      return [place === 'host' ? '127.0.0.1' : hostIp, published];
    },
  };
};

/** Serves on a machine itself, in a container of its network; gives its name. */
export const serveAt = async (
  place: 'host' | 'other',
  command: string,
  options: readonly string[] = [],
): Promise<string> => {
  const name = uniqueName(place);
  const args = ['run', '-d', '--name', name, '--network', 'host', ...options, await programs(), 'sh', '-c', command];
  await runAt(place, [program, ...args]);
  return name;
};
