// SPDX-License-Identifier: Apache-2.0
// The built command line, run as people run it, with a home of its own and none of the machine's configuration.

import { execa } from 'execa';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '../../support/paths.js';

export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const environmentOf = (home: string): Readonly<Record<string, string>> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: home,
  XDG_DATA_HOME: join(home, 'data'),
  XDG_RUNTIME_DIR: join(home, 'run'),
});

/** Starts it and does not wait. */
export const startCommand = (home: string, args: readonly string[], { input, env, cwd }: CommandOptions = {}) => {
  mkdirSync(join(home, 'run'), { recursive: true, mode: 0o700 });
  return execa(program, args, {
    env: { ...environmentOf(home), ...env },
    extendEnv: false,
    cwd: cwd ?? home,
    reject: false,
    timeout: 40_000,
    maxBuffer: 1 << 24,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
};

export const command = async (
  home: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> => {
  const { exitCode = -1, stdout, stderr } = await startCommand(home, args, options);
  return { exitCode, stdout, stderr };
};
