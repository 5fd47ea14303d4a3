// SPDX-License-Identifier: Apache-2.0
// The processes of the network of this test file's sandbox. Their titles name its runtime directory.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { processIds, readText } from './sandbox.js';
import { sandbox } from './tool.js';

const pidOf = (program: string): number | undefined => {
  const [root = '-'] = readdirSync(join(sandbox().directory, 'run/sampan'));
  const title = `${program} ${root}\0`;
  return processIds().find((pid) => readText(`/proc/${String(pid)}/cmdline`).startsWith(title));
};

/** It reads packets. */
export const netdPid = (): number | undefined => pidOf('sampan-netd');
/** It makes networks for netd. */
export const agentPid = (): number | undefined => pidOf('sampan-agent');

export const killNetd = (): void => {
  const pid = netdPid();
  if (pid === undefined) throw new Error('no netd runs');
  process.kill(pid, 'SIGKILL');
};
