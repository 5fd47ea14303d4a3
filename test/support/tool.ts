// SPDX-License-Identifier: Apache-2.0
// The built command line, run as people run it, in the sandbox of the test file. Output is kept byte-exact.

import { execa } from 'execa';
import { dockerArchive, type ImageSpec } from './archives.js';
import { program } from './paths.js';
import { rootfsTar } from './rootfs.js';
import type { Sandbox } from './sandbox.js';

export interface ToolOptions {
  readonly input?: Buffer | string;
  /** undefined removes a variable */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

export interface ToolResult {
  /** 128+n when a signal ended the command line itself */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
  readonly stderrBytes: Buffer;
}

let current: Sandbox | undefined;
export const useSandbox = (sandbox: Sandbox): void => {
  current = sandbox;
};
export const sandbox = (): Sandbox => {
  if (current === undefined) throw new Error('sandbox() is there in tests and hooks only');
  return current;
};

const environment = (changes: ToolOptions['env'] = {}): Record<string, string> => {
  const merged = { ...sandbox().env, ...changes };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
};

const optionsOf = ({ env, cwd, timeoutMs = 50_000 }: Omit<ToolOptions, 'input'>) => ({
  env: environment(env),
  extendEnv: false as const,
  cwd: cwd ?? sandbox().directory,
  encoding: 'buffer' as const,
  stripFinalNewline: false as const,
  reject: false as const,
  maxBuffer: 1 << 28,
  timeout: timeoutMs,
});

/** Starts it and does not wait: for what goes on while it runs. */
export const startTool = (args: readonly string[], { input, ...options }: ToolOptions = {}) =>
  execa(program, args, {
    ...optionsOf(options),
    forceKillAfterDelay: 2000,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });

/** With stdin, stdout and stderr open as pipes. */
export const startPiped = (args: readonly string[], options: Omit<ToolOptions, 'input'> = {}) =>
  execa(program, args, { ...optionsOf(options), stdin: 'pipe' });

interface Finished {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly timedOut: boolean;
  readonly stdout?: unknown;
  readonly stderr?: unknown;
}

export const toResult = (finished: Finished, args: readonly string[] = []): ToolResult => {
  const [stdoutBytes, stderrBytes] = [finished.stdout, finished.stderr].map((bytes) =>
    Buffer.from(bytes as Uint8Array),
  ) as [Buffer, Buffer];
  if (finished.timedOut)
    throw new Error(
      `sampan ${args.join(' ')} did not end in time\nstdout: ${stdoutBytes.toString().slice(-500)}\nstderr: ${stderrBytes.toString().slice(-500)}`,
    );
  const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
  const exitCode = finished.exitCode ?? 128 + (signalNumbers[finished.signal ?? ''] ?? 0);
  return { exitCode, stdout: stdoutBytes.toString(), stderr: stderrBytes.toString(), stdoutBytes, stderrBytes };
};

export const tool = async (args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> =>
  toResult(await startTool(args, options), args);

/** Its stdout without the last newline; a failure shows what it said. */
export const ok = async (args: readonly string[], options: ToolOptions = {}): Promise<string> => {
  const result = await tool(args, options);
  if (result.exitCode !== 0)
    throw new Error(
      `sampan ${args.join(' ')} exited ${String(result.exitCode)}\n${result.stdout.slice(-2000)}${result.stderr.slice(-2000)}`,
    );
  return result.stdout.replace(/\n$/, '');
};

let counter = 0;
/** A name that no other test uses. */
export const uniqueName = (hint = 'c'): string => `t${String(process.pid)}-${hint}-${String(++counter)}`;

/** Loads an image made of the given layers (default: the test root file system); returns its name. */
export const loadImage = async (spec: Partial<ImageSpec> & { readonly name?: string } = {}): Promise<string> => {
  const name = spec.name ?? `${uniqueName('image').toLowerCase()}:test`;
  await ok(['load'], {
    input: dockerArchive({
      layers: [rootfsTar()],
      config: { Cmd: ['/bin/report'], Env: ['PATH=/bin'] },
      ...spec,
      names: [name],
    }),
  });
  return name;
};

const testImage = 'sampan-test:latest';
const loaded = new WeakSet<Sandbox>();
/** The image that most tests use, loaded once per sandbox. */
export const image = async (): Promise<string> => {
  if (!loaded.has(sandbox())) await loadImage({ name: testImage });
  loaded.add(sandbox());
  return testImage;
};

/** Runs `report` in a container with these options, and gives what it saw. */
export const report = async (options: readonly string[] = [], reference?: string): Promise<Report> =>
  JSON.parse(await ok(['run', '--rm', ...options, reference ?? (await image()), '/bin/report'])) as Report;

export interface Report {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly gid: number;
  readonly sid: number;
  readonly umask: number;
  readonly noNewPrivs: number;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly descriptors: Readonly<Record<string, string>>;
  readonly namespaces: Readonly<Record<string, string>>;
  readonly executable: string;
  readonly initExecutable: string;
  readonly status: readonly string[];
  readonly mounts: readonly string[];
  readonly limits: readonly string[];
  readonly cgroup: readonly string[];
  readonly uidMap: readonly string[];
  readonly gidMap: readonly string[];
  readonly interfaces: readonly string[];
  readonly root: readonly string[];
  readonly devices: Readonly<Record<string, string>>;
  readonly processes: readonly string[];
  readonly terminal: Readonly<Record<'0' | '1' | '2', { readonly columns: number; readonly rows: number } | null>>;
}

/** A line of /proc/self/status: `CapEff` and so on. */
export const statusOf = (seen: Report, field: string): string =>
  seen.status
    .find((line) => line.startsWith(`${field}:`))
    ?.slice(field.length + 1)
    .trim() ?? '';

export const stateOf = async (
  name: string,
): Promise<{ Status: string; Running: boolean; Pid: number; ExitCode: number; Error: string }> =>
  JSON.parse(await ok(['inspect', '--type', 'container', '--format', '{{json .State}}', name])) as never;
