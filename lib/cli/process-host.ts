// SPDX-License-Identifier: Apache-2.0
// The Host of a real process.

import { readFileSync } from 'node:fs';
import type { Host } from './host.js';
import { fileOutput } from './output/file-output.js';
import { processTerminal } from './process-terminal.js';

export interface HostOptions {
  readonly debug: boolean;
}

export const openHost = async ({ debug }: HostOptions): Promise<Host> => {
  const logger = debug ? await openLogger() : undefined;
  return {
    stdout: fileOutput(1),
    stderr: fileOutput(2),
    terminal: processTerminal(),
    caller: {
      env: process.env,
      // Asked for only by relative paths: the directory may have been removed under us.
      get cwd() {
        return process.cwd();
      },
      readTextFile: (path) => readFileSync(path, 'utf8'),
    },
    now: () => new Date(),
    openEngine: async () => {
      const { openEngine } = await import('../engine/open.js');
      const startedAt = Date.now();
      // argv[1] may be a link of npm; the bundle itself is what the monitor starts again.
      const engine = await openEngine({
        env: process.env,
        selfCommand: [process.execPath, __filename],
        notice: (message) => fileOutput(2).write(`sampan: ${message}\n`),
        debug: (message, details = {}) => logger?.debug(details, message),
      });
      logger?.debug({ ms: Date.now() - startedAt }, 'engine opened');
      return engine;
    },
    debug: (message, details = {}) => logger?.debug(details, message),
  };
};

const openLogger = async () => {
  const { openLog } = await import('../log/log.js');
  return openLog({ fd: 2, level: process.env['SAMPAN_LOG'] === 'trace' ? 'trace' : 'debug' });
};
