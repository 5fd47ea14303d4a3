// SPDX-License-Identifier: Apache-2.0
// The network process of a test's sandbox, seen from outside.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { processIds, readText } from './sandbox.js';
import { sandbox } from './tool.js';

/** The title of a netd names its runtime directory. */
export const netdPid = (): number | undefined => {
  const [root = '-'] = readdirSync(join(sandbox().directory, 'run/sampan'));
  const title = `sampan-netd ${root}\0`;
  return processIds().find((pid) => readText(`/proc/${String(pid)}/cmdline`).startsWith(title));
};

export const killNetd = (): void => {
  const pid = netdPid();
  if (pid === undefined) throw new Error('no netd runs');
  process.kill(pid, 'SIGKILL');
};
